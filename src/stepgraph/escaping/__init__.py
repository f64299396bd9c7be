"""Escaping of untrusted text (sources, file names, configurations, git, saved graphs), by output medium.

| medium | module |
| --- | --- |
| a terminal, an error message, a label | `visible` |
| the log of a CI runner: each line of text on standard output and standard error | `log_lines` |
| JSON | `json_strings` |
| GitHub annotations | `github_commands` |
| SARIF, GitLab reports, URLs | `report_fields` |
| Markdown | `markdown` |
| XML and HTML | `markup` |
| DOT and Mermaid | `diagrams` |
| patches | `patches` |
| names of files | `file_names` |

No other module escapes text. Characters that are unsafe in every medium are listed once, in `visible`.
"""
