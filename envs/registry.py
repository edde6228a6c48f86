"""The Gymnasium ids."""

from __future__ import annotations

import gymnasium

# id → family name; any change that can change a result bumps the version
IDS = {
    "frostline/Arithmetic-v0": "arithmetic",
    "frostline/Polynomials-v0": "polynomials",
    "frostline/ClosedForms-v0": "closed_forms",
}


def register_all() -> None:
    """Register every id with Gymnasium; ids that are there already are left alone."""
    for env_id, family in IDS.items():
        if env_id not in gymnasium.registry:
            gymnasium.register(
                env_id, entry_point="frostline.envs.text_env:TextEnv", kwargs={"family": family}
            )
