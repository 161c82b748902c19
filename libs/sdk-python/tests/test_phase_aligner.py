from meridian_worker.engine.cadence import next_due
from meridian_worker.engine.phase_aligner import PhaseAligner

INTERVAL_US = 40_000


def total_shift_us(waits_us: list[int], steps: int) -> int:
    aligner = PhaseAligner(INTERVAL_US)
    shifted = 0
    for i in range(steps):
        aligner.arrived(waits_us[i % len(waits_us)] + shifted)
        shifted += aligner.take_shift_us(i * INTERVAL_US)
    return shifted


def test_steps_move_to_just_after_a_steady_clients_actions() -> None:
    shifted = total_shift_us([30_000], 100)
    assert abs((30_000 + shifted) % INTERVAL_US - 4_000) <= 3_000


def test_nothing_moves_for_a_client_without_rhythm_or_with_the_right_one() -> None:
    assert total_shift_us([1_000, 21_000, 11_000, 31_000], 100) == 0
    assert total_shift_us([5_000], 100) == 0


def test_deadlines_stay_on_their_grid_and_nothing_is_caught_up_with() -> None:
    assert next_due(100_000, 102_000, INTERVAL_US) == (140_000, 0)
    assert next_due(100_000, 225_000, INTERVAL_US) == (220_000, 2)
