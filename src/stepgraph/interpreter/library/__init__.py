"""Models of the standard library, Pyodide and JavaScript."""
