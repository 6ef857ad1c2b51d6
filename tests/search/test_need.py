"""What the search takes for a scheme's need is what the compiled network needs."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compiler.networks import Network, compile_network, networks, schemes
from tests.search.small import planned_network, small_graph
from tinyfl.compiler.cost import constant_bytes, sram_need
from tinyfl.search.need import Budget, Needs, Planner
from tinyfl.search.space import Candidate, biases_of, layers_from_end, ratios_of, scheme_of


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.data(), networks(), st.sampled_from([8, 16]))
def test_a_plan_without_calibrated_gradients_is_the_compiled_one(
    data: st.DataObject, network: Network, bits: int
) -> None:
    graph = network.graph()
    scheme = data.draw(schemes(graph))
    bundle = compile_network(network, scheme, grad_bits=bits, calibration=8)
    _, x = network.samples(8, 1)
    planned = Planner(graph, x, 2.0**-6, bits).planned(scheme)
    assert planned.plan == bundle.plan
    assert planned.scheme_id == bundle.scheme_id
    assert sram_need(planned, 3) == sram_need(bundle, 3)
    assert constant_bytes(planned) == constant_bytes(bundle)


@st.composite
def candidates(draw: st.DrawFn) -> Candidate:
    layers = layers_from_end(small_graph())
    depth = draw(st.integers(0, len(layers)))
    return Candidate(tuple(draw(st.sampled_from((0.0, *ratios_of(n)))) for n in layers[:depth]))


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.lists(st.tuples(candidates(), st.integers(-300, 300)), min_size=1, max_size=12))
def test_bounds_decide_as_plans_do(asked: list[tuple[Candidate, int]]) -> None:
    needs, planner = Needs(planned_network(), Budget(None, None, 1)), planned_network()
    for candidate, slack in asked:
        real = sram_need(planner.planned(scheme_of(candidate, small_graph())), 1).total
        assert needs.fits(candidate, real + slack) == (slack >= 0)
    assert needs.planned <= len({c for c, _ in asked} | {biases_of(c.depth) for c, _ in asked})


@settings(max_examples=20, deadline=None, derandomize=True)
@given(candidates(), st.integers(-50, 50))
def test_the_flash_budget_counts_the_constants(candidate: Candidate, slack: int) -> None:
    constants = constant_bytes(planned_network().planned(scheme_of(candidate, small_graph())))
    assert Needs(planned_network(), Budget(None, constants + slack, 1)).fits(candidate, None) == (slack >= 0)


def test_a_layer_whose_sums_leave_32_bits_never_fits() -> None:
    from torch import nn

    from tests.compiler.networks import randomise

    net = nn.Sequential(nn.Conv1d(1, 2, 1), nn.ReLU(), nn.AvgPool1d(50), nn.Flatten(), nn.Linear(12, 2))
    network = Network(randomise(net, 0), (1, 300))  # 300 pixels are too many for 16-bit gradients of weights
    _, x = network.samples(4, 0)
    needs = Needs(Planner(network.graph(), x, 2.0**-6, 16), Budget(None, None, 1))
    assert needs.fits(Candidate((0.0,)), None)
    assert not needs.fits(Candidate((1.0,)), None)
