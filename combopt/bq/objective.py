"""What training lowers."""

from jaxtyping import Bool, Float
from torch import Tensor


def cross_entropy(
    scores: Float[Tensor, "batch actions"], right: Bool[Tensor, "batch actions"]
) -> Float[Tensor, ""]:
    """Of the network's chances against a uniform choice among the actions that are right.

    Source: bq-nco.md 3.1.
    """
    log_probs = scores.float().log_softmax(dim=1)
    means = log_probs.where(right, 0.0).sum(dim=1) / right.sum(dim=1)
    loss: Tensor = -means.mean()
    return loss
