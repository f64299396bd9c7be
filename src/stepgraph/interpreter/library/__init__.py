"""Models of functions of the standard library, Pyodide and JavaScript."""
