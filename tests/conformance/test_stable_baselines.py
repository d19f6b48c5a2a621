"""Stable-Baselines3 takes the worlds as they are."""

import warnings

import gymnasium as gym
import pytest
from stable_baselines3 import PPO
from stable_baselines3.common.env_checker import check_env

import envs  # noqa: F401  # registers the ids


@pytest.mark.filterwarnings("ignore:Your observation .* has an unconventional shape")
def test_check_env_accepts_the_default_observation() -> None:
    check_env(gym.make("CrafterOO-v0").unwrapped, skip_render_check=True)


def test_ppo_trains_for_four_rollouts() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the learner, about its own dependencies
        model = PPO(
            "MultiInputPolicy", gym.make("CrafterOO-v0"), n_steps=128, n_epochs=2, device="cpu"
        )
        model.learn(512)
    assert model.num_timesteps == 512
