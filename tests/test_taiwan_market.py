"""The market of Taiwan 2005 rolls and cures as its data; the page of bands says what lies outside."""

import pytest

from tenure.experiments.evidence.bands import Band, page
from tenure.experiments.verification.cases.taiwan import data_chain, taiwan_2005


def test_the_chain_is_the_counted_one() -> None:
    """By hand from the pooled counts of the README: 6,209 of 131,826; 1,031 of 16,297; 109 of 377."""
    chain = data_chain()
    assert chain[0, 1] == pytest.approx(6209 / 131826)
    assert chain[1, 2] == pytest.approx(1031 / 16297)
    assert chain[3, 4] == pytest.approx(109 / 377)


def test_simulated_rolls_cures_and_shares_are_those_of_the_data() -> None:
    wrong = [row for row in taiwan_2005(people=20_000, months=36) if not row.ok]
    assert not wrong


def test_what_lies_outside_its_band_is_said_first() -> None:
    inside = Band("attrition", 0.12, 0.15, 0.13, 0.01, "Hammer 2013", "leavers")
    outside = Band("charge-off", 0.035, 0.045, 0.06, 0.01, "Federal Reserve", "gross")
    assert "All 1 figures lie inside" in page([inside], 2)
    text = page([inside, outside], 2)
    assert "**Outside: charge-off.**" in text
    assert "| 6.0% |" in text
