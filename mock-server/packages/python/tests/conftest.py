"""The tests start pytest inside pytest: what a person sees of a failing test is tested, too."""

pytest_plugins = ["pytester"]
