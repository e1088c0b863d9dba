# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest

from monai_medtex.utils import InputError, check_at_least


def test_whole_numbers_from_the_minimum_on_pass():
    check_at_least(1, epochs=1, batch_size=16)
    check_at_least(0, seed=0)


@pytest.mark.parametrize("value", [0, -1, 1.5, "2", None, True])
def test_anything_else_is_named_with_its_value(value):
    with pytest.raises(InputError) as error:
        check_at_least(1, batch_size=16, epochs=value)
    assert str(error.value) == f"epochs must be a whole number of at least 1, got {value}"
