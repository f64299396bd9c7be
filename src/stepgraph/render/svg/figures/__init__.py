"""The figures of a picture. Each has an extent around its spine and draws itself around the spine."""
