import gc
import math
import weakref
from collections.abc import Mapping

import pytest
import tiny
import torch
from torch import Tensor, nn
from transformers import LlamaConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutputWithPast

from frostline.agents.subsets.schedules import MEASURED, Greedy, Observed
from frostline.agents.subsets.scores import LayerScorer, layer_grad_norms

Layers = dict[str, int | None]


@pytest.fixture
def model() -> PreTrainedModel:
    return tiny.build(tiny.shape(LlamaConfig, tie_word_embeddings=True))


def layers_of(model: nn.Module) -> Layers:
    """Return the layer of every parameter, from its name: these tests know the model's names."""
    places = {name: name.split(".") for name, _ in model.named_parameters()}
    return {name: int(p[2]) if p[1] == "layers" else None for name, p in places.items()}


def part_loss(model: PreTrainedModel, part: int) -> Tensor:
    tokens = torch.randint(256, (2, 9), generator=torch.Generator().manual_seed(part))
    output: CausalLMOutputWithPast = model(input_ids=tokens, labels=tokens)
    assert output.loss is not None
    return output.loss


def measure(
    model: PreTrainedModel, candidates: tuple[int, ...] = (0, 1, 2, 3), parts: int = 3
) -> LayerScorer:
    scorer = LayerScorer(dict(model.named_parameters()), layers_of(model), candidates)
    with scorer:
        for part in range(parts):
            part_loss(model, part).backward()
            scorer.part()
    return scorer


def reference(model: PreTrainedModel, layer: int, parts: int = 3) -> list[list[Tensor]]:
    """Return the gradients of a layer's tensors in each part, as autograd.grad has them."""
    weights = [p for name, p in model.named_parameters() if layers_of(model)[name] == layer]
    return [list(torch.autograd.grad(part_loss(model, i), weights)) for i in range(parts)]


def norm(tensors: list[Tensor]) -> float:
    return math.sqrt(sum(t.double().pow(2).sum().item() for t in tensors))


# -- what is measured ----------------------------------------------------------------------------


def test_norms_and_fisher_equal_those_of_autograd(model: PreTrainedModel) -> None:
    scorer = measure(model)
    for layer in range(4):
        norms = [norm(grads) for grads in reference(model, layer)]
        weights = [p for n, p in model.named_parameters() if layers_of(model)[n] == layer]
        mean, size = sum(norms) / 3, sum(p.numel() for p in weights)
        fisher = sum(n**2 for n in norms) / 3 / size
        assert scorer.scores("grad_norm")[layer] == pytest.approx(mean, rel=1e-5)
        relative = mean / norm([p.detach() for p in weights])
        assert scorer.scores("relative_grad_norm")[layer] == pytest.approx(relative, rel=1e-5)
        assert scorer.scores("fisher")[layer] == pytest.approx(fisher, rel=1e-5)


def test_the_signal_to_noise_ratio_of_a_small_tensor_equals_that_of_autograd() -> None:
    torch.manual_seed(0)
    weight, grads_PN = nn.Parameter(torch.randn(16)), torch.randn(5, 16)
    with LayerScorer({"w": weight}, {"w": 3}, (3,)) as scorer:
        for grad in grads_PN:
            (weight * grad).sum().backward()
            scorer.part()
    expected = grads_PN.mean(0).pow(2).sum() / grads_PN.var(0).sum()
    assert scorer.scores("snr") == {3: pytest.approx(expected.item(), rel=1e-5)}


def test_the_signal_to_noise_ratio_of_a_layer_is_near_that_of_all_its_weights(
    model: PreTrainedModel,
) -> None:
    scorer = measure(model, parts=6)
    for layer in range(4):
        parts = [torch.cat([g.flatten() for g in grads]) for grads in reference(model, layer, 6)]
        grads_PN = torch.stack(parts).double()
        expected = grads_PN.mean(0).pow(2).sum() / grads_PN.var(0).sum()
        # some 600 of 9280 weights are looked at, whose gradients have heavy tails
        assert scorer.scores("snr")[layer] == pytest.approx(expected.item(), rel=0.25)


def test_only_the_candidates_are_measured(model: PreTrainedModel) -> None:
    some, every = measure(model, (1, 3)), measure(model)
    for kind in MEASURED:
        if kind == "snr":  # fewer layers can afford more coordinates each
            continue
        assert list(some.scores(kind)) == [1, 3]
        for layer, score in some.scores(kind).items():
            assert score == pytest.approx(every.scores(kind)[layer], rel=1e-5)


class Shared(nn.Module):
    """One matrix used twice in the graph, and one used once."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.twice = nn.Parameter(torch.randn(4, 4))
        self.once = nn.Parameter(torch.randn(4, 4))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = torch.tanh(torch.tanh(x @ self.twice) @ self.once) @ self.twice
        return y.pow(2).sum()


def test_a_tensor_used_twice_counts_with_its_whole_gradient() -> None:
    model, x = Shared(), torch.ones(3, 4)
    layers: Layers = {"twice": 0, "once": 1}
    with LayerScorer(dict(model.named_parameters()), layers, (0, 1)) as scorer:
        model(x).backward()
        scorer.part()
    twice, once = torch.autograd.grad(model(x), [model.twice, model.once])
    assert scorer.scores("grad_norm") == pytest.approx({0: norm([twice]), 1: norm([once])})
    # the two uses apart would have given something else
    cut = torch.tanh(torch.tanh(x @ model.twice.detach()) @ model.once) @ model.twice
    (last,) = torch.autograd.grad(cut.pow(2).sum(), [model.twice])
    apart = math.hypot(norm([last]), norm([twice - last]))
    assert scorer.scores("grad_norm")[0] != pytest.approx(apart, rel=1e-2)


def test_tied_embeddings_do_not_disturb_the_layers_between_them(model: PreTrainedModel) -> None:
    layers = layers_of(model)
    layers["model.embed_tokens.weight"] = 9  # used by the embedding and by the head
    with LayerScorer(dict(model.named_parameters()), layers, (2, 9)) as scorer:
        part_loss(model, 0).backward()
        scorer.part()
    tied = model.get_parameter("model.embed_tokens.weight")
    (expected,) = torch.autograd.grad(part_loss(model, 0), [tied])
    assert scorer.scores("grad_norm")[9] == pytest.approx(norm([expected]), rel=1e-5)
    plain = norm(reference(model, 2, parts=1)[0])
    assert scorer.scores("grad_norm")[2] == pytest.approx(plain, rel=1e-5)


# -- a wide tensor, of which a sample of coordinates is used ------------------------------------


def wide_snr(noise: float, seed: int, parts: int = 4) -> float:
    """Return the measured ratio of a gradient of ones with independent noise in each part."""
    weight = nn.Parameter(torch.zeros(50_000))
    stream = torch.Generator().manual_seed(seed)
    with LayerScorer({"w": weight}, {"w": 0}, (0,), ("snr",), seed=seed) as scorer:
        for _ in range(parts):
            grad = 1 + noise * torch.randn(50_000, generator=stream)
            (weight * grad).sum().backward()
            scorer.part()
    return scorer.scores("snr")[0]


@pytest.mark.parametrize("noise", [0.5, 2.0])
def test_a_sampled_ratio_is_near_its_stated_expectation(noise: float) -> None:
    # E[m²] / E[v] = (1 + σ²/n) / σ² with n = 4 parts; 4096 coordinates leave about 3 %
    expected = 1 / noise**2 + 1 / 4
    assert wide_snr(noise, seed=0) == pytest.approx(expected, rel=0.1)


def test_the_seed_chooses_the_coordinates() -> None:
    def snr(seed: int) -> float:
        weight = nn.Parameter(torch.zeros(50_000))
        with LayerScorer({"w": weight}, {"w": 0}, (0,), ("snr",), seed=seed) as scorer:
            for part in range(2):
                grad = torch.randn(50_000, generator=torch.Generator().manual_seed(part))
                (weight * grad).sum().backward()
                scorer.part()
        return scorer.scores("snr")[0]

    assert snr(0) == snr(0)
    assert snr(0) != snr(1)


def test_tensors_count_by_their_size_and_not_by_their_sample() -> None:
    # 40 960 weights of mean gradient 1 and 4096 of mean gradient 0, all of variance 2: the exact
    # ratio over the layer is 40 960 / (45 056 · 2), where equal samples would give 1 / 4
    big, small = nn.Parameter(torch.zeros(40_960)), nn.Parameter(torch.zeros(4096))
    layers: Layers = {"big": 0, "small": 0}
    with LayerScorer({"big": big, "small": small}, layers, (0,), ("snr",)) as scorer:
        for sign in (1.0, -1.0):
            (big.sum() * (1 + sign) + small.sum() * sign).backward()
            scorer.part()
    assert scorer.scores("snr")[0] == pytest.approx(40_960 / (45_056 * 2))


# -- memory ------------------------------------------------------------------------------------


class LiveGradients:
    """Tracks how many bytes of the parameters' gradients are alive, by weak references."""

    def __init__(self, parameters: Mapping[str, nn.Parameter]) -> None:
        self.peak = 0
        self._seen: list[tuple[weakref.ref[Tensor], int]] = []
        for parameter in parameters.values():
            parameter.register_post_accumulate_grad_hook(self._see)

    def _see(self, parameter: Tensor) -> None:
        grad = parameter.grad
        assert grad is not None
        storage = grad.untyped_storage()
        self._seen.append((weakref.ref(grad), storage.nbytes()))
        alive = sum(size for ref, size in self._seen if ref() is not None)
        self.peak = max(self.peak, alive)


def test_scoring_holds_the_gradient_of_one_tensor_at_a_time(model: PreTrainedModel) -> None:
    parameters = dict(model.named_parameters())
    layer_bytes = {layer: 0 for layer in range(4)}
    for name, layer in layers_of(model).items():
        if layer is not None:
            layer_bytes[layer] += parameters[name].nbytes
    live = LiveGradients(parameters)  # its hooks come first and see each gradient whole
    measure(model)
    assert live.peak == max(p.nbytes for n, p in parameters.items() if layers_of(model)[n] == 0)
    part_loss(model, 0).backward()  # the same meter on a plain backward pass
    assert live.peak >= sum(layer_bytes.values())


def tensor_bytes() -> int:
    return sum(t.untyped_storage().nbytes() for t in gc.get_objects() if type(t) is Tensor)


@pytest.mark.parametrize("candidates", [(0,), (0, 1), (0, 1, 2, 3)])
def test_what_is_kept_of_all_layers_is_less_than_one_gradient(
    model: PreTrainedModel, candidates: tuple[int, ...]
) -> None:
    parameters, layers = dict(model.named_parameters()), layers_of(model)
    gradient = sum(p.nbytes for name, p in parameters.items() if layers[name] == 0)
    gc.collect()
    before = tensor_bytes()
    scorer = LayerScorer(parameters, layers, candidates)
    assert 0.5 * gradient < tensor_bytes() - before <= gradient
    assert len(scorer.scores("snr")) == len(candidates)


# -- what it leaves behind -----------------------------------------------------------------------


def test_requires_grad_and_grad_are_put_back_as_they_were(model: PreTrainedModel) -> None:
    layers = layers_of(model)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(layers[name] in (None, 3))
    part_loss(model, 7).backward()
    before = {name: (p.requires_grad, p.grad) for name, p in model.named_parameters()}
    values = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
    measure(model)
    for name, parameter in model.named_parameters():
        required, grad = before[name]
        assert parameter.requires_grad == required
        assert parameter.grad is grad
        assert grad is None or torch.equal(grad, values[name])
    part_loss(model, 7).backward()  # no hook is left to take the gradient away
    assert model.get_parameter("model.embed_tokens.weight").grad is not None


def test_an_error_inside_puts_everything_back(model: PreTrainedModel) -> None:
    model.requires_grad_(False)
    scorer = LayerScorer(dict(model.named_parameters()), layers_of(model), (0, 1))

    def fail() -> None:
        with scorer:
            part_loss(model, 0).backward()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not any(p.requires_grad or p.grad is not None for p in model.parameters())


def test_parts_outside_the_candidates_are_frozen_meanwhile(model: PreTrainedModel) -> None:
    with LayerScorer(dict(model.named_parameters()), layers_of(model), (2,)) as scorer:
        names = {name for name, p in model.named_parameters() if p.requires_grad}
        part_loss(model, 0).backward()
        scorer.part()
        assert all(p.grad is None for p in model.parameters())
    assert names == {name for name, layer in layers_of(model).items() if layer == 2}


# -- batches that say little ---------------------------------------------------------------------


def test_a_loss_of_zero_scores_zero_and_moves_no_schedule(model: PreTrainedModel) -> None:
    with LayerScorer(dict(model.named_parameters()), layers_of(model), (0, 1, 2, 3)) as scorer:
        for part in range(2):
            (part_loss(model, part) * 0).backward()
            scorer.part()
    schedule = Greedy(k=1, every=1, explore=0.0)
    start = schedule.start(range(4), 0)
    for kind in MEASURED:
        scores = scorer.scores(kind)
        assert scores == dict.fromkeys(range(4), 0.0)
        assert schedule.advance(start, Observed(scores=scores), range(4), 0).active == start.active


@pytest.mark.parametrize(("parts", "unknown"), [(0, set(MEASURED)), (1, {"snr"})])
def test_too_few_parts_leave_a_score_unknown(
    model: PreTrainedModel, parts: int, unknown: set[str]
) -> None:
    scorer = measure(model, parts=parts)
    for kind in MEASURED:
        assert all(math.isnan(s) == (kind in unknown) for s in scorer.scores(kind).values())


def test_a_tensor_that_no_gradient_reaches_counts_as_zero() -> None:
    used, unused = nn.Parameter(torch.ones(4)), nn.Parameter(torch.ones(4))
    layers: Layers = {"used": 0, "unused": 1}
    with LayerScorer({"used": used, "unused": unused}, layers, (0, 1)) as scorer:
        for factor in (1.0, 3.0):
            (used.sum() * factor).backward()
            scorer.part()
    assert scorer.scores("grad_norm") == {0: 4.0, 1: 0.0}
    assert scorer.scores("fisher") == {0: 5.0, 1: 0.0}
    assert scorer.scores("snr") == {0: 2.0, 1: 0.0}


def test_a_relative_norm_of_weights_that_are_zero_is_infinite() -> None:
    zero = nn.Parameter(torch.zeros(4))
    with LayerScorer({"zero": zero}, {"zero": 0}, (0,)) as scorer:
        zero.sum().backward()
        scorer.part()
    assert scorer.scores("relative_grad_norm") == {0: math.inf}


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_other_precisions_are_summed_in_32_bits_or_more(dtype: torch.dtype) -> None:
    # the squares of 300 overflow 16 bits, and 10 000 of them lose bfloat16's last digits
    weight = nn.Parameter(torch.ones(10_000, dtype=dtype))
    with LayerScorer({"w": weight}, {"w": 0}, (0,)) as scorer:
        (weight.float() * 300).sum().backward()
        scorer.part()
    assert scorer.scores("grad_norm")[0] == pytest.approx(30_000, rel=1e-4)


# -- misuse --------------------------------------------------------------------------------------


def test_a_forgotten_part_is_an_error(model: PreTrainedModel) -> None:
    scorer = LayerScorer(dict(model.named_parameters()), layers_of(model), (3,))
    with scorer:
        part_loss(model, 0).backward()
        second = part_loss(model, 1)
        with pytest.raises(RuntimeError, match="second gradient in one part"):
            second.backward()


def test_bad_arguments_are_refused(model: PreTrainedModel) -> None:
    parameters, layers = dict(model.named_parameters()), layers_of(model)
    with pytest.raises(ValueError, match=r"got 'fishr'; did you mean 'fisher'\?"):
        LayerScorer(parameters, layers, (0,), ("fishr",))
    with pytest.raises(ValueError, match="layer 4 has no parameter to score"):
        LayerScorer(parameters, layers, (0, 4))
    with pytest.raises(ValueError, match=r"name each tensor once, got .* and lm_head"):
        LayerScorer(dict(model.named_parameters(remove_duplicate=False)), layers, (0,))
    with pytest.raises(ValueError, match="this scorer measures, fisher; got 'snr'"):
        LayerScorer(parameters, layers, (0,), ("fisher",)).scores("snr")


def test_layer_grad_norms_read_what_training_left_in_grad(model: PreTrainedModel) -> None:
    layers = layers_of(model)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(layers[name] in (None, 1, 3))
    part_loss(model, 0).backward()
    found = layer_grad_norms(dict(model.named_parameters()), layers)
    assert list(found) == [1, 3]  # ascending, and without the layers that are frozen
    for layer in (1, 3):
        assert found[layer] == pytest.approx(norm(reference(model, layer, 1)[0]), rel=1e-5)
