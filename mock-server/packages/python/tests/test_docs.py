"""The examples of docs/test-double/python.md, of checkout.md beside it and of the README run as they are written."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[4] / "docs/test-double"
PAGES = [DOCS / "python.md", DOCS / "checkout.md", Path(__file__).parents[1] / "README.md"]
TEXT = "\n".join(page.read_text() for page in PAGES)
EXAMPLES = dict(re.findall(r"```python\n# (\w+)\.py\n(.*?)```", TEXT, re.DOTALL))
#: What the tests of the examples import.
MODULES = {name: text for name, text in EXAMPLES.items() if not name.startswith("test_")}
TESTS = EXAMPLES.keys() - MODULES.keys()
#: Those that are about a mock that runs already.
BESIDE = {"test_end_to_end"}


def test_every_example_has_a_name():
    assert len(EXAMPLES) == TEXT.count("```python") > 0
    assert BESIDE <= TESTS


@pytest.mark.parametrize("name", sorted(TESTS))
def test_it_runs(pytester, monkeypatch, request, name):
    if name in BESIDE:
        monkeypatch.setenv("STEPUP_MOCK_URL", request.getfixturevalue("running"))
    else:
        monkeypatch.delenv("STEPUP_MOCK_URL", raising=False)
    pytester.makepyfile(**{name: EXAMPLES[name]}, **MODULES)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", f"{name}.py")
    result.assert_outcomes(passed=len(re.findall(r"^def test_", EXAMPLES[name], re.MULTILINE)))
