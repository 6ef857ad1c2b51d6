"""Hypothesis strategies for every message of the schema."""

from hypothesis import strategies as st

from tinyfl.wire import messages as m

u8, u16, u32, u64 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32, 64))
chunk_data = st.binary(max_size=m.MAX_CHUNK_DATA)
k = st.integers(0, 24)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=32).filter(lambda s: len(s.encode()) <= 32)
shifts = st.lists(st.integers(0, 31), max_size=m.MAX_SHARED_TENSORS).map(tuple)
tally = st.builds(m.Tally, u32, u32, u64, u32, u32)
state = st.sampled_from(m.DeviceState)
facts = st.builds(m.Facts, names, u32, u32, u32, u32, u32, u32, state, u32, u32, u16, u16, u32, u32, u32)
requests = st.one_of(
    st.builds(m.Info),
    st.builds(m.Put, u32, u32, u32, u16, k, chunk_data),
    st.builds(m.Train, u32, u32, u32, u32, u16, st.integers(-8, 8), st.booleans(), st.booleans(), shifts),
    st.builds(m.Fetch, u32, u32, st.integers(0, m.MAX_CHUNK_DATA)),
    st.builds(m.Commit, u32),
    st.builds(m.Evaluate, u32),
)
messages = st.one_of(
    st.builds(m.Failed, st.sampled_from(m.ErrorCode), st.sampled_from(m.ErrorField), u32),
    st.builds(m.Report, facts),
    st.builds(m.Accepted, u32, u32, u16),
    st.builds(m.Trained, u32, st.sampled_from(m.RoundPhase), tally),
    st.builds(m.Delta, u32, u32, tally, u32, u16, k, chunk_data),
    st.builds(m.Committed, u32),
    st.builds(m.Score, u32, st.booleans(), u32, u32),
    st.builds(m.Hello, facts),
    st.builds(m.Done, state, u32),
)
