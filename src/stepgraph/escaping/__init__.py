"""Text of sources, file names, configurations, git and saved graphs on its way to people: an escaper for each medium.

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

No other module escapes text. What is unsafe in any medium is listed once, in `visible`.
"""
