"""The examples of docs/test-double/python.md and of the README run as they are written."""

import re
from pathlib import Path

import pytest

PAGES = [Path(__file__).parents[4] / "docs/test-double/python.md", Path(__file__).parents[1] / "README.md"]
TEXT = "\n".join(page.read_text() for page in PAGES)
EXAMPLES = dict(re.findall(r"```python\n# (test_\w+)\.py\n(.*?)```", TEXT, re.DOTALL))


def test_every_example_has_a_name():
    assert len(EXAMPLES) == TEXT.count("```python") > 0


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_runs(pytester, name):
    pytester.makepyfile(**{name: EXAMPLES[name]})
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=EXAMPLES[name].count("def test_"))
