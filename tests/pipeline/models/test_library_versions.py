"""A model is loaded by the scikit-learn that fitted it, or one that differs in the last number alone."""

from importlib.metadata import version

import pytest

from pipeline.errors import IntegrityError
from pipeline.models.library_versions import check_versions

INSTALLED = version("scikit-learn")
MINOR = ".".join(INSTALLED.split(".")[:2])


@pytest.mark.parametrize("made_with", [{}, {"python": "3.11.7"}, {"scikit-learn": INSTALLED}])
def test_the_same_version_and_none_on_record_pass_in_silence(made_with: dict[str, str]) -> None:
    assert check_versions(made_with) is None


def test_another_last_number_is_said() -> None:
    assert f"fitted with scikit-learn {MINOR}.99; {INSTALLED} is installed" in str(check_versions({"scikit-learn": f"{MINOR}.99"}))


@pytest.mark.parametrize("other", ["0.24.2", "1.0.0", "2.0.0"])
def test_another_version_is_refused_with_what_to_install(other: str) -> None:
    with pytest.raises(IntegrityError, match=f"Install scikit-learn=={other}"):
        check_versions({"scikit-learn": other})


def test_a_person_may_accept_it_for_the_version_installed_then() -> None:
    assert check_versions({"scikit-learn": "0.24.2"}, accepted=INSTALLED) is None
    with pytest.raises(IntegrityError):
        check_versions({"scikit-learn": "0.24.2"}, accepted="1.0.0")
