"""Escaping of untrusted text (sources, file names, configurations, git, saved graphs), by output medium.

| medium | module |
| --- | --- |
| a terminal, an error message, a label; the log of a CI runner | `plain_text` |
| JSON, also in a `script` element | `json_strings` |
| GitHub annotations, SARIF, GitLab reports, URLs | `report_fields` |
| Markdown | `markdown` |
| XML, HTML, DOT and Mermaid | `markup` |
| names of files, also in patches | `file_names` |

No other module escapes text. Characters that are unsafe in every medium are listed once, in `plain_text`.
"""
