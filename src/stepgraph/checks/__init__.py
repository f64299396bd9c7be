"""The rules, their execution, and the filtering of findings by settings, suppression comments and baselines."""
