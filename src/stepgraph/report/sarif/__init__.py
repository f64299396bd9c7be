"""The report in SARIF 2.1.0."""
