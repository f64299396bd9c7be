"""Icons, as paths in a square of 16 pixels. They are lines only, so they print and take any color."""

from __future__ import annotations

from typing import Final

DO: Final = "M9 1.5 3.5 9H8L7 14.5 12.5 7H8z"
SLEEP: Final = "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M8 4.5V8l2.5 1.5"
SLEEP_UNTIL: Final = "M2.5 4h11v9.5h-11zM2.5 7h11M5.5 2v3M10.5 2v3M6 10l1.5 1.5 2.5-2.5"
WAIT: Final = "M1.5 4h13v9h-13zM1.5 4.5 8 9.5l6.5-5"
FUNCTION: Final = "M11 2.5c-2-.5-2.8.5-3.1 2.2L6.6 11.5c-.3 1.7-1.3 2.4-2.8 2M5 6.5h5"
LOOP: Final = "M13 8A5 5 0 1 1 11.5 4.4M11.8 1.5v3.2H8.6"
PARALLEL: Final = "M8 1.5V4M3 12V4h10v8M8 4v8M1.5 12h3M6.5 12h3M11.5 12h3"
CHOICE: Final = "M8 1.5 14.5 8 8 14.5 1.5 8z"
SWITCH: Final = "M2 8h4M6 8l4-5h4M6 8h8M6 8l4 5h4"
PROTECTED: Final = "M8 1.5 13.5 3.5V8c0 3-2 5.2-5.5 6.5C4.5 13.2 2.5 11 2.5 8V3.5z"
CAUGHT: Final = "M8 2 14.5 13.5h-13zM8 6.5V10M8 11.5v.5"
FINALLY: Final = "M3.5 14.5v-13M3.5 2.5h9l-2 3 2 3h-9"
BLOCK: Final = "M3 3h10v10H3z"
BREAK: Final = "M2 4h5v8h7M11 9l3 3-3 3"
RETURN: Final = "M8 3v7M4.5 7 8 10.5 11.5 7M3 13.5h10"
START: Final = "M4.5 2.5 12.5 8l-8 5.5z"
UNKNOWN: Final = "M5.5 6a2.5 2.5 0 1 1 3.7 2.2C8.3 8.7 8 9.2 8 10M8 12.5v.5"
ADDED: Final = "M8 3.5v9M3.5 8h9"
REMOVED: Final = "M3.5 8h9"
CHANGED: Final = "M3 9.5C4.2 6.5 6.2 6.2 8 8C9.8 9.8 11.8 9.5 13 6.5"
