"""What can go wrong between a test and the mock."""


class MockError(Exception):
    """Something is wrong with the mock, or with how it is called."""


class MockNotFound(MockError):
    """There is no program to start."""


class MockUnreachable(MockError):
    """The mock could not start, has stopped, or is not at its URL."""


class Refused(MockError):
    """The mock refused a call of its control API."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class NoMessage(AssertionError):
    """No message came to the inbox in time."""
