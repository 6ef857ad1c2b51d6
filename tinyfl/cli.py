"""The command line. Every command is a thin call into the room that does the work; progress goes to standard error."""

from __future__ import annotations

import importlib.metadata
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from tinyfl.errors import LinkError, TinyflError, ToolError

if TYPE_CHECKING:
    from simulations.experiment import Engine

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Federated, lifelong learning on microcontrollers. Start with **tinyfl demo**; docs/ has the rest.",
)

MAX_SEED = 4_000_000  # as in a scenario
SCHEME_HELP = "What trains: auto (searched), last:K, full, mcunetv3-49k and others, or a TOML file."
STRATEGY_HELP = "average, norm-clip, trimmed-mean, or your own as file.py:ClassName."
Target = Annotated[str, typer.Option(help="host, cortex-m4, cortex-m7, cortex-m55, rv32imc or xtensa.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output and nothing else.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Folder for the results.")]


def main() -> None:
    """Entry point: a user's mistake is one sentence and a non-zero exit code."""
    try:
        app()
    except TinyflError as error:
        _refuse(str(error), error.exit_code)
    except OSError as error:  # a folder that is a file, a full disk, a missing permission
        where = error.filename if error.filename is not None else "a file"
        _refuse(f"{where} cannot be used ({error.strerror or error}); choose another path or free this one", 2)
    except SystemExit as end:
        if end.code == 130:  # typer's, after an interrupt, for which it has no word
            typer.echo("tinyfl: interrupted", err=True)
        raise


def _refuse(sentence: str, code: int) -> NoReturn:
    """Say it on one line, whatever a user's own code put into it, and end."""
    typer.echo(f"tinyfl: {' '.join(sentence.split())}", err=True)
    sys.exit(code)


@app.callback(invoke_without_command=True)
def options(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.", is_eager=True)] = False,
) -> None:
    """Options before the command."""
    if not version:
        return
    try:
        typer.echo(importlib.metadata.version("tinyfl"))
    except importlib.metadata.PackageNotFoundError as error:
        raise ToolError("this tinyfl runs from a folder and has no version; pip install it") from error
    raise typer.Exit


@app.command()
def compile(
    model: Annotated[
        str, typer.Argument(help="module:factory, file.py:factory, a .pt2 of torch.export or an int8 .tflite.")
    ],
    calibration: Annotated[Path, typer.Option(help="NPZ file with x [N, T, C] or [N, H, W, C] and labels y [N].")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for net.c, net.h, plan.json and the bundle.")],
    scheme: Annotated[str, typer.Option(help=SCHEME_HELP)] = "last:1",
    sram: Annotated[str | None, typer.Option(help="Budget such as 256K; refused if it cannot be met.")] = None,
    flash: Annotated[str | None, typer.Option(help="Budget such as 1M.")] = None,
    store: Annotated[int, typer.Option(min=1, max=65535, help="Windows the device's sample store holds.")] = 32,
    learning_rate: Annotated[float, typer.Option(min=1e-9, help="Rate of SGD on the device.")] = 2.0**-6,
    grad_bits: Annotated[int, typer.Option(help="Width of gradients: 8 or 16.")] = 8,
    classes: Annotated[int | None, typer.Option(help="Replace the classifier by a fresh one of so many.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Of the search of --scheme auto.")] = 0,
    sample_in_arena: Annotated[
        bool, typer.Option("--sample-in-arena", help="Plan a place for the sample, where a step uses it up.")
    ] = False,
    fraction_bits: Annotated[
        int, typer.Option(help="Of trained weights: 8, or 0 to halve their memory (without a federation).")
    ] = 8,
    as_json: Json = False,
) -> None:
    """Compile a trained network to an integer training step in C."""
    from tinyfl.compiler.command import CompileOptions, compile_model
    from tinyfl.progress import Progress

    options = CompileOptions(
        model,
        calibration,
        out,
        scheme,
        sram,
        flash,
        store,
        learning_rate,
        grad_bits,
        classes,
        seed,
        sample_in_arena,
        fraction_bits,
    )
    with Progress() as progress:
        plan = compile_model(options, progress)
    if as_json:
        typer.echo(json.dumps(plan))
        return
    sram_bytes = plan["sram_bytes"]
    typer.echo(f"{out}: network {plan['network_id']}, scheme {plan['scheme_id']}")
    typer.echo(f"  SRAM {sram_bytes['total']} B (arena {sram_bytes['arena']}, store {sram_bytes['store']})")
    if plan["stream"]["state_bytes"]:
        typer.echo(f"  computed step by step, {plan['stream']['state_bytes']} B of state beside")
    typer.echo(f"  constants {plan['constant_bytes']} B of flash")
    typer.echo(f"  {plan['macs_forward']} multiply-accumulates forward, {plan['macs_backward']} backward and update")


@app.command()
def build(
    network: Annotated[Path, typer.Argument(help="A folder that `tinyfl compile` wrote.")],
    target: Annotated[
        str, typer.Option(help="host, cortex-m4, cortex-m7, cortex-m55, rv32imc, xtensa, or esp32s3: a project.")
    ] = "host",
    store: Annotated[
        int, typer.Option(min=0, max=65535, help="Build a device whose store holds so many windows; 0: the bench.")
    ] = 0,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for the project of esp32s3; DIR/esp32s3 without.")
    ] = None,
    sensor: Annotated[
        Path | None, typer.Option(help="What feeds the network on esp32s3 (docs/esp32s3.md); DIR/sensor.toml without.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Build for a board: the bench, or a device of a fleet; for the host, the emulated device and its library."""
    if target == "esp32s3":
        _build_project(network, out or network / target, store or 64, sensor, as_json)
        return
    if out is not None or sensor is not None:
        raise ToolError(f"--out and --sensor belong to --target esp32s3; leave them out for {target}")
    from tinyfl.boards.bench import build_bench
    from tinyfl.boards.device_program import build_device
    from tinyfl.boards.host import build_host
    from tinyfl.boards.size import kernel_flash
    from tinyfl.boards.targets import HOST, board_of
    from tinyfl.compiler.bundle import load_bundle

    board = board_of(target)
    grad_bits = load_bundle(network).program.grad_bits
    if board is HOST:
        if store:
            raise ToolError("the host's device gets its store when it starts; give --store to tinyfl device instead")
        built = build_host(network, grad_bits=grad_bits)
        size = kernel_flash(network, grad_bits=grad_bits).total
        result = {"executable": str(built.executable), "library": str(built.library), "kernel_flash_bytes": size}
    else:
        image = build_device(network, board, grad_bits, store) if store else build_bench(network, board, grad_bits)
        sizes = {"sram_static_bytes": image.sram_static_bytes, "flash_bytes": image.flash_bytes}
        result = {"executable": str(image.file), "toolchain": image.toolchain, **sizes}
    typer.echo(json.dumps(result) if as_json else "\n".join(f"{key}: {value}" for key, value in result.items()))


def _build_project(network: Path, out: Path, store: int, sensor: Path | None, as_json: bool) -> None:
    from tinyfl.boards.esp32s3.project import build_project
    from tinyfl.boards.esp32s3.sensor import sensor_of

    build_project(network, out, store, sensor_of(network, sensor))
    if as_json:
        typer.echo(json.dumps({"project": str(out), "store": store}))
        return
    typer.echo(f"{out}: an ESP-IDF project for a device with a store of {store} windows")
    typer.echo(f"next: cd {out} && idf.py menuconfig (line, sensor, pins), then idf.py build")


@app.command()
def flash(
    project: Annotated[Path, typer.Argument(help="What tinyfl build --target esp32s3 wrote and idf.py build built.")],
    port: Annotated[str, typer.Option(help="Serial port of the board, such as /dev/ttyACM0.")],
    name: Annotated[
        str | None, typer.Option(help="Tell the device its name; without one it keeps what it knows.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of its first boot; told along with the name.")] = 1,
    fleet: Annotated[
        Path | None, typer.Option(help="TOML file with the fleet's Wi-Fi and broker; told along with the name.")
    ] = None,
    recordings: Annotated[
        Path | None, typer.Option(help="Windows to ship, and to test on, for its windows partition (docs/SPEC.md).")
    ] = None,
    baud: Annotated[int, typer.Option(min=9600, max=2_000_000, help="Baud rate while flashing.")] = 460_800,
) -> None:
    """Write the built project to an ESP32-S3, and tell the device who it is."""
    from tinyfl.boards.esp32s3.flash import flash as write
    from tinyfl.boards.esp32s3.provisioning import provision_of
    from tinyfl.boards.storage import Identity
    from tinyfl.progress import Progress

    if name is None and fleet is not None:
        raise ToolError("a fleet is told along with a device's name; give --name too")
    provision = None if name is None else provision_of(Identity(name, seed), fleet)
    with Progress() as progress, progress.task(f"writing {project} to {port}"):
        write(project, port, baud, provision, recordings)


@app.command()
def bench(
    network: Annotated[Path, typer.Argument(help="A folder that `tinyfl compile` wrote.")],
    target: Target = "host",
    steps: Annotated[int, typer.Option(min=1, max=100_000, help="Training steps to do and measure.")] = 50,
    stream: Annotated[bool, typer.Option("--stream", help="Then also a sequence, one step at a time.")] = False,
    as_json: Json = False,
) -> None:
    """Run a network's training step on an emulated board: instructions, SRAM, stack, flash and weights digest."""
    from tinyfl.boards.bench import run_bench
    from tinyfl.boards.bench_table import show
    from tinyfl.boards.targets import board_of
    from tinyfl.progress import Progress

    board = board_of(target)
    with Progress() as progress:
        measured = run_bench(network, board, steps, progress, stream)
    if as_json:
        typer.echo(json.dumps(measured.as_json()))
    else:
        show(measured, board)


@app.command()
def report(network: Annotated[Path, typer.Argument(help="A folder that `tinyfl compile` wrote.")]) -> None:
    """Draw what lies where in a compiled network's arena, step by step."""
    from tinyfl.compiler.arena_picture import draw_arena

    typer.echo(draw_arena(network))


@app.command()
def demo(
    scenario: Annotated[str, typer.Option(help="A scenario's TOML file, or watch or phone.")] = "watch",
    strategy: Annotated[str, typer.Option(help=STRATEGY_HELP)] = "average",
    seed: Annotated[int | None, typer.Option(min=0, max=MAX_SEED, help="Instead of the scenario's.")] = None,
    broker: Annotated[str | None, typer.Option(help="An MQTT broker of your own instead of the embedded one.")] = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """The main job: a fleet of emulated devices learns on real recordings, and a report says what it brought."""
    from simulations.fleet import FleetOptions, fleet_engine

    _experiment(fleet_engine(FleetOptions(broker)), "fleet", scenario, strategy, seed, out, as_json)


@app.command()
def simulate(
    scenario: Annotated[str, typer.Argument(help="A scenario's TOML file, or watch or phone.")] = "watch",
    strategy: Annotated[str, typer.Option(help=STRATEGY_HELP)] = "average",
    seed: Annotated[int | None, typer.Option(min=0, max=MAX_SEED, help="Instead of the scenario's.")] = None,
    controls: Annotated[bool, typer.Option(help="Also run learning alone, from scratch, forgetting.")] = True,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Run a fleet in this process: the same C, rounds and strategy as on devices, and the same weights at the end."""
    from simulations.experiment import in_process
    from simulations.stream.scenario import is_stream

    if is_stream(scenario):
        _stream(scenario, strategy, seed, out, as_json, controls)
        return
    _experiment(in_process, "simulation", scenario, strategy, seed, out, as_json, controls)


@app.command()
def device(
    network: Annotated[Path, typer.Argument(help="A folder that `tinyfl compile` wrote.")],
    recordings: Annotated[Path, typer.Option(help="What its sensor and wearer will say (docs/SPEC.md).")],
    name: Annotated[str, typer.Option(help="As the fleet knows it.")],
    serial: Annotated[Path | None, typer.Option(help="Where to link its serial port, a pseudo-terminal.")] = None,
    mqtt: Annotated[str | None, typer.Option(help="The broker, mqtt[s]://[user:password@]host[:port].")] = None,
    fleet: Annotated[str, typer.Option(help="Name of the fleet in MQTT topics.")] = "tinyfl",
    flash: Annotated[Path | None, typer.Option(help="File that is its flash; without one it forgets.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of its first boot.")] = 1,
    store: Annotated[int, typer.Option(min=1, max=65535, help="Windows its sample store holds.")] = 64,
    target: Target = "host",
) -> None:
    """Run one emulated device: the C that a board runs, in a process of its own, or on an emulated board."""
    from tinyfl.boards.device_program import build_device
    from tinyfl.boards.emulated_device import run_device
    from tinyfl.boards.host import build_host
    from tinyfl.boards.storage import Identity
    from tinyfl.boards.targets import HOST, board_of
    from tinyfl.compiler.bundle import load_bundle
    from tinyfl.link.inprocess import DeviceFiles
    from tinyfl.link.mqtt_client import Broker
    from tinyfl.link.radio import EmulatedDevice, run_on_mqtt, run_on_serial

    if (serial is None) == (mqtt is None):
        raise LinkError(f"device {name} needs one line; give --serial or --mqtt")
    board, grad_bits = board_of(target), load_bundle(network).program.grad_bits
    if board is not HOST:
        if serial is None:
            raise LinkError(f"device {name} on {target} has a serial line only; give --serial")
        program = build_device(network, board, grad_bits, store).file
        raise typer.Exit(run_device(board, program, Identity(name, seed), DeviceFiles(recordings, flash), serial))
    build = build_host(network, grad_bits=grad_bits)
    emulated = EmulatedDevice(build.executable, name, DeviceFiles(recordings, flash), seed, store)
    if serial is not None:
        run_on_serial(emulated, serial)
    elif mqtt is not None:
        raise typer.Exit(run_on_mqtt(emulated, Broker.at(mqtt), fleet))


@app.command()
def gateway(config: Annotated[Path, typer.Argument(help="The gateway's TOML file (docs/gateway.md).")]) -> None:
    """Bridge devices on serial lines and MQTT into one Flower node, until it is stopped."""
    import logging
    import signal
    import threading

    from tinyfl.gateway.config import load_config
    from tinyfl.gateway.flower_node import run_gateway

    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    run_gateway(load_config(config), stop)


def _stream(scenario: str, strategy: str, seed: int | None, out: Path | None, as_json: bool, controls: bool) -> None:
    from simulations.stream.experiment import run_stream
    from simulations.stream.outcome import report as report_json
    from simulations.stream.scenario import load_stream
    from simulations.stream.terminal import show
    from tinyfl.progress import Progress

    chosen = load_stream(scenario)
    if seed is not None:
        chosen = chosen.model_copy(update={"seed": seed})
    folder = out or Path("runs") / chosen.name
    with Progress() as progress:
        outcome = run_stream(chosen, strategy, folder, progress, controls)
    if as_json:
        typer.echo(json.dumps(report_json(outcome)))
    else:
        show(outcome, folder)


def _experiment(
    engine: Engine,
    name: str,
    scenario: str,
    strategy: str,
    seed: int | None,
    out: Path | None,
    as_json: bool,
    controls: bool = True,
) -> None:
    from simulations.experiment import run_experiment
    from simulations.outcome import report as report_json
    from simulations.scenario import load_scenario
    from simulations.terminal import show
    from tinyfl.progress import Progress

    chosen = load_scenario(scenario)
    if seed is not None:
        chosen = chosen.model_copy(update={"seed": seed})
    folder = out or Path("runs") / chosen.name
    with Progress() as progress:
        outcome = run_experiment(chosen, engine, name, strategy, folder, progress, controls)
    if as_json:
        typer.echo(json.dumps(report_json(outcome)))
    else:
        show(outcome, folder)


if __name__ == "__main__":
    main()
