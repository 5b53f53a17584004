"""What the laptop recipe adds to TRL's trainers: Muon for its base, and rollouts and updates without padding."""

from __future__ import annotations

from typing import Any, Final

from recipes.laptop.generation import Sampling, generate

MUON_LEARNING_RATE: Final = 0.02
_CHUNK: Final = 20


def with_muon(trainer_class: type) -> type:
    """Return a trainer that updates the inner matrices by Muon, and all other weights by AdamW.

    In pilots on such a model Muon needed about half of AdamW's tokens; see https://kellerjordan.github.io/posts/muon/.

    Args:
        trainer_class: one of TRL's trainers.
    """
    return type(f"Muon{trainer_class.__name__}", (_WithMuon, trainer_class), {})


def without_padding(trainer_class: type) -> type:
    """Return a trainer for RLVR that samples and scores completions without computing their padding.

    Args:
        trainer_class: TRL's `GRPOTrainer`, or a subclass.
    """
    return type(f"Unpadded{trainer_class.__name__}", (_WithoutPadding, trainer_class), {})


class _WithMuon:
    """What a subclass of a trainer adds to it."""

    def create_optimizer(self: Any, model: Any = None) -> Any:  # noqa: ARG002 - as the trainer calls it
        if self.optimizer is None:
            self.optimizer = muon_and_adamw(self.model, self.args)
        return self.optimizer


def muon_and_adamw(model: Any, arguments: Any) -> Any:
    """Return an optimizer: Muon for the matrices of the layers, AdamW for the embeddings and everything else.

    Args:
        model: the model.
        arguments: the trainer's settings; the learning rate is AdamW's.
    """
    import torch

    named = [(name, weights) for name, weights in model.named_parameters() if weights.requires_grad]
    inner = [weights for name, weights in named if weights.ndim == 2 and ".layers." in name]
    others = [weights for name, weights in named if not (weights.ndim == 2 and ".layers." in name)]
    betas = (arguments.adam_beta1, arguments.adam_beta2)
    return _joined(
        torch.optim.Muon(inner, lr=MUON_LEARNING_RATE, weight_decay=arguments.weight_decay),
        torch.optim.AdamW(others, lr=arguments.learning_rate, betas=betas, weight_decay=0.0),
    )


def _joined(*parts: Any) -> Any:
    """Return one optimizer made of several, each for its own weights."""
    import torch

    class Joined(torch.optim.Optimizer):  # type: ignore[misc,unused-ignore]
        def __init__(self) -> None:
            self.parts = parts
            super().__init__(
                [weights for part in parts for group in part.param_groups for weights in group["params"]], {}
            )

        @property
        def param_groups(self) -> Any:
            return [group for part in self.parts for group in part.param_groups]

        @param_groups.setter
        def param_groups(self, groups: Any) -> None:
            """Do nothing: the groups are those of the parts."""

        def add_param_group(self, group: Any) -> None:
            """Do nothing, for the same reason."""

        def step(self, closure: Any = None) -> None:
            for part in self.parts:
                part.step(closure)

        def state_dict(self) -> Any:
            return {"parts": [part.state_dict() for part in self.parts]}

        def load_state_dict(self, state: Any) -> None:
            for part, saved in zip(self.parts, state["parts"], strict=True):
                part.load_state_dict(saved)

    return Joined()


class _WithoutPadding:
    """What a subclass of `GRPOTrainer` adds to it."""

    def _generate_single_turn(self: Any, prompt_ids: Any, *_: Any, **__: Any) -> Any:
        was_training = self.model.training
        self.model.eval()
        sampling = Sampling(self.args.temperature, self.args.top_p, self.args.max_completion_length)
        completions = generate(self.model, prompt_ids, sampling)
        self.model.train(was_training)
        return completions, None

    def _get_per_token_logps_and_entropies(
        self: Any,
        model: Any,
        input_ids: Any,
        attention_mask: Any,
        logits_to_keep: int,
        batch_size: Any = None,  # noqa: ARG002 - the chunks have their own size
        **options: Any,
    ) -> Any:
        """Score the completions in chunks of similar length, each cut to the longest of its own."""
        import torch

        prompt_length = input_ids.size(1) - logits_to_keep
        lengths = attention_mask[:, prompt_length:].sum(1)
        order, parts = lengths.argsort(), []
        for rows in order.split(_CHUNK):
            kept = max(int(lengths[rows].max()), 1)
            start = int(attention_mask[rows, :prompt_length].argmax(1).min())
            columns = slice(start, prompt_length + kept)
            parts.append(
                super()._get_per_token_logps_and_entropies(  # type: ignore[misc]
                    model, input_ids[rows, columns], attention_mask[rows, columns], kept, **options
                )
            )
        restored = order.argsort()

        def joined(tensors: Any) -> Any:
            if tensors[0] is None:
                return None
            padded = [torch.nn.functional.pad(part, (0, logits_to_keep - part.size(1))) for part in tensors]
            return torch.cat(padded)[restored]

        logps, entropies, aux_losses = zip(*parts, strict=True)
        return joined(logps), joined(entropies), aux_losses[0]
