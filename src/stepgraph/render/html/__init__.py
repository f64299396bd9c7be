"""Version graphs as a page: one file that needs no network, whose pictures are all there without JavaScript too."""
