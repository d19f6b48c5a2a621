"""MuJoCo's engine in JAX (MJX), which is an optional package, behind one pure function."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def load_engine() -> Any:
    """The modules `mujoco` and `mujoco.mjx`.

    Raises:
        ImportError: they are not installed; the message says how to do that.
    """
    try:
        import mujoco
        from mujoco import mjx
    except ImportError as error:
        raise ImportError(
            "this world needs MuJoCo's engine in JAX: pip install 'armillary[mjx]'"
        ) from error
    return mujoco, mjx


@functools.partial(jax.jit, static_argnames=("model", "num_substeps"))
def advanced(
    model: str,
    num_substeps: int,
    places: Float[Array, " joints"],
    speeds: Float[Array, " joints"],
    forces: Float[Array, " motors"],
) -> tuple[Float[Array, " joints"], Float[Array, " joints"], Float[Array, " sensors"]]:
    """Places and speeds some small steps later, and what sensors feel in the last of them.

    Args:
        model: MuJoCo's XML.
        num_substeps: Steps of the model's own timestep.
        places: Of the joints, in the model's order.
        speeds: Of the joints.
        forces: What the motors are told, the same in all small steps.
    """
    mujoco, mjx = load_engine()
    with jax.ensure_compile_time_eval():  # constants of what is traced
        rules = mjx.put_model(mujoco.MjModel.from_xml_string(model))
        empty = mjx.make_data(rules)
    first = empty.replace(qpos=places, qvel=speeds, ctrl=forces)
    # MJX mixes types and ranks, which a strict program forbids itself
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        last = jax.lax.fori_loop(0, num_substeps, lambda _, data: mjx.step(rules, data), first)
    return last.qpos, last.qvel, jnp.asarray(last.sensordata)
