"""The search for cycles rests while data are made, and goes on afterwards as it was."""

import gc

import pytest

from stages.collection import no_collection


@pytest.mark.parametrize("was_on", [True, False])
def test_it_rests_and_goes_on(was_on):
    (gc.enable if was_on else gc.disable)()
    try:
        with pytest.raises(KeyError), no_collection():
            assert not gc.isenabled()
            raise KeyError
        assert gc.isenabled() == was_on
    finally:
        gc.enable()
