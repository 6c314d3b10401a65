"""The examples of docs/test-double/python.md run as they are written."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[4] / "docs/test-double/python.md"
EXAMPLES = dict(re.findall(r"```python\n# (test_\w+)\.py\n(.*?)```", PAGE.read_text(), re.DOTALL))


def test_every_example_has_a_name():
    assert len(EXAMPLES) == PAGE.read_text().count("```python") > 0


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_runs(pytester, name):
    pytester.makepyfile(**{name: EXAMPLES[name]})
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=EXAMPLES[name].count("def test_"))
