"""How the files are called that hold a configuration."""

from __future__ import annotations

from typing import Final

# In the order in which wrangler looks for them.
CONFIGURATION_NAMES: Final = ("wrangler.json", "wrangler.jsonc", "wrangler.toml")
