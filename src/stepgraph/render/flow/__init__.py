"""From a version graph to a flow chart: boxes, frames and arrows, for the formats that draw by arrows."""
