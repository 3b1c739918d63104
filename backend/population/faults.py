"""What is wrong with the files of a city."""


class CityFilesError(Exception):
    """The files of a city are not as they must be; says what is wrong, where, and what would be right."""
