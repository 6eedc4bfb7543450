"""The toy world, made once."""

from __future__ import annotations

import pytest

from .toys import World, build


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return build(tmp_path_factory.mktemp("world"))
