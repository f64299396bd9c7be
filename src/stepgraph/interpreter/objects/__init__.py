"""What Python does with abstract values: names, attributes, classes, containers and methods."""
