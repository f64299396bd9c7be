"""Operations on abstract values: names, attributes, classes, containers and methods."""
