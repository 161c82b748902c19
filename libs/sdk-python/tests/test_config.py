import pytest

from meridian_worker.config import ConfigError, read_config

ENV = {
    "REGION": "us-east",
    "WORKER_ID": "us-east-1",
    "CONTROL_PLANE_GRPC": "127.0.0.1:7000",
    "FLEET_SECRET": "s" * 32,
}


def test_what_is_left_out_or_empty_has_a_default() -> None:
    config = read_config({**ENV, "SLOTS": "", "METRICS_PORT": "0"})
    assert (config.slots, config.step_ms_max, config.gpu_type, config.grpc_port, config.device) == (
        None,
        1_500,
        "h100",
        0,
        "auto",
    )
    assert (config.metrics_port, config.gpus, config.drain_ms) == (0, 1, 20_000)
    assert read_config({**ENV, "DRAIN_MS": "0"}).drain_ms == 0
    assert read_config({**ENV, "GPUS": "8"}).gpus == 8
    assert read_config(ENV).gpu_purchase == "on_demand"
    assert read_config({**ENV, "GPU_PURCHASE": "spot"}).gpu_purchase == "spot"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"SLOTS": "0"}, 'SLOTS is "0"; set it to a whole number of sessions from 1 to 1024.'),
        ({"SLOTS": "1025"}, 'SLOTS is "1025"; set it'),
        ({"GRPC_PORT": "70000"}, 'GRPC_PORT is "70000"; set it to a port number'),
        ({"REGION": "US East"}, 'REGION is "US East"; set it to the id of this region'),
        ({"CONTROL_PLANE_GRPC": "nowhere"}, 'CONTROL_PLANE_GRPC is "nowhere"; set it to an address as host:port.'),
        ({"STEP_MS_MAX": "-1"}, 'STEP_MS_MAX is "-1"; set it to a whole number of milliseconds above 0.'),
        ({"DRAIN_MS": "3600001"}, 'DRAIN_MS is "3600001"; set it to a whole number of milliseconds up to an hour.'),
        ({"GPU_PURCHASE": "leased"}, 'GPU_PURCHASE is "leased"; set it to on_demand, reserved or spot.'),
        ({"DEVICE": "tpu"}, 'DEVICE is "tpu"; set it to auto, cpu or cuda.'),
    ],
)
def test_what_is_wrong_is_named_with_its_fix(change: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConfigError) as error:
        read_config({**ENV, **change})
    assert str(error.value).startswith(sentence)


def test_a_secret_is_not_repeated() -> None:
    with pytest.raises(ConfigError, match="FLEET_SECRET is not valid"):
        read_config({**ENV, "FLEET_SECRET": "hunter2"})
