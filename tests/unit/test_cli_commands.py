"""Commands that need no running network, run as a user would, in this process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from govchain.cli.app import run
from govchain.cli.connection import Connection, Identity, run_async
from govchain.cli.records import anchor_files
from govchain.crypto import suite
from govchain.errors import ConfigError
from tests.architecture.sources import ROOT

SCENARIO = str(ROOT / "scenarios" / "040-company-opens.yaml")
CAPACITY = str(ROOT / "scenarios" / "200-capacity.yaml")
PLACES = ("--json", "--report", "--out", "--receipt")
"""Options that name where something is written."""


def test_help_reads_like_a_table_of_contents(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    text = capsys.readouterr().out
    for title in ("Start here", "Networks and validators", "Records and evidence", "Rehearse and measure"):
        assert title in text


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["verify"], ["testnet", "init"], ["replay", "x", "--seed", "a"]]
)
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    assert run(arguments) == 2


def test_record_of_an_unknown_type_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["query", "record", "licens", "x", "--url", "http://127.0.0.1:1", "--level", "local"]) == 2
    assert "licence" in capsys.readouterr().err


def test_RD1_latest_of_one_address_is_refused_with_the_number_that_is_needed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["testnet", "init", "--out", str(tmp_path / "net"), "-q"]) == 0
    asked = ["query", "record", "evidence", "EV-1", "--level", "latest", "--network", str(tmp_path / "net")]
    assert run([*asked, "--url", "http://127.0.0.1:1"]) == 2
    assert "at least 2 different validators" in capsys.readouterr().err


def test_terminal_without_the_characters_gets_their_numbers() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "govchain", "scenario", "check", SCENARIO, "--lang", "zh"],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
        timeout=100,
    )
    assert (answer.returncode, answer.stderr) == (0, b"")
    assert answer.stdout.startswith(rb"\u2713 ")


def test_files_of_one_name_are_not_anchored_into_one_receipt(tmp_path: Path) -> None:
    files = [tmp_path / folder / "f.txt" for folder in ("a", "b")]
    for path in files:
        path.parent.mkdir()
        path.write_text(path.parent.name, encoding="utf-8")
    connection = Connection(("http://127.0.0.1:1",), None, None, None)
    identity = Identity("clerk", "91990100MA0XX00Y57", suite().signer(bytes(32)))
    with pytest.raises(ConfigError, match="one name"):
        run_async(anchor_files(connection, identity, files, receipts=tmp_path / "receipts"))


def test_a_receipt_makes_way_for_no_other(tmp_path: Path) -> None:
    file = tmp_path / "f.txt"
    file.write_text("a", encoding="utf-8")
    receipt = tmp_path / "f.txt.receipt.json"
    receipt.write_text("of the deposit", encoding="utf-8")
    connection = Connection(("http://127.0.0.1:1",), None, None, None)
    identity = Identity("clerk", "91990100MA0XX00Y57", suite().signer(bytes(32)))
    with pytest.raises(ConfigError, match="never overwritten"):
        run_async(anchor_files(connection, identity, [file], receipts=tmp_path))
    assert receipt.read_text(encoding="utf-8") == "of the deposit"


@pytest.mark.parametrize(
    "arguments",
    [
        ["replay", SCENARIO, "--json", "{file}/x.json"],
        ["replay", SCENARIO, "--json", "{folder}"],
        ["replay", SCENARIO, "--report", "{file}"],
        ["replay", SCENARIO, "--report", "{file}/below"],
        ["sweep", CAPACITY, "--report", "{file}/below"],
        ["swarm", "--seeds", "0:1", "--out", "{file}"],
        ["swarm", "--seeds", "0:1", "--report", "{file}"],
        ["submit", "{file}", "--url", "http://127.0.0.1:1", "--receipt", "{folder}/nowhere/r.json"],
    ],
)
def test_a_place_that_cannot_be_written_is_refused_before_anything_runs(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.touch()
    before = sorted(tmp_path.rglob("*"))
    assert run([each.format(file=file, folder=tmp_path) for each in arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert next(each for each in arguments if each in PLACES) in printed.err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("command", ["replay", "sweep"])
def test_a_seed_that_no_file_may_hold_is_none(command: str) -> None:
    assert run([command, CAPACITY, "--seed", str(2**53)]) == 2


def test_more_processes_than_a_machine_bears_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sweep", CAPACITY, "--jobs", "100000"]) == 2
    assert "256" in capsys.readouterr().err


def test_gateways_of_a_network_where_nobody_has_the_role_are_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["testnet", "init", "--out", str(tmp_path / "net"), "--quiet"])
    assert run(["gateway", "init", str(tmp_path / "net")]) == 0
    assert "No organisation has a key with the role gateway" in capsys.readouterr().out
    assert not (tmp_path / "net" / "gateways").exists()


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("govchain ")


def test_init_makes_a_network_and_json_alone_is_on_stdout(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["testnet", "init", "--out", str(tmp_path / "net"), "--validators", "4", "--json", "-"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert value["made"] is True
    assert value["rehearsal"] is False
    assert len(value["urls"]) == 4


def test_init_refuses_a_second_time_and_if_missing_does_not_mind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["testnet", "init", "--out", str(tmp_path / "net")]
    assert run(arguments) == 0
    assert run(arguments) == 2
    assert "never overwritten" in capsys.readouterr().err
    assert run([*arguments, "--if-missing"]) == 0


def test_init_takes_the_organisations_of_a_scenario(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["testnet", "init", "--out", str(tmp_path / "net"), "--orgs", SCENARIO, "--seed", "40"]) == 0
    assert "REHEARSAL NETWORK" in capsys.readouterr().out
    assert run(["testnet", "init", "--out", str(tmp_path / "b"), "--orgs", SCENARIO, "-n", "9"]) == 2
    assert "says itself how many validators" in capsys.readouterr().err


def test_a_mistake_in_an_organisations_file_names_the_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "orgs.yaml"
    path.write_text("organisations:\n  - id: a\n    code: b\n    nmae: c\n", encoding="utf-8")
    assert run(["testnet", "init", "--out", str(tmp_path / "net"), "--orgs", str(path)]) == 2
    error = capsys.readouterr().err
    assert f"{path}:4" in error
    assert "nmae" in error
    assert "name" in error
    assert not (tmp_path / "net").exists()


def test_status_of_a_network_that_does_not_run_exits_with_4(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["testnet", "init", "--out", str(tmp_path / "net"), "--base-port", "39100", "--quiet"])
    assert run(["testnet", "status", str(tmp_path / "net")]) == 4
    assert "not running" in capsys.readouterr().out
    assert run(["testnet", "down", str(tmp_path / "net")]) == 0


def test_commands_without_a_network_say_how_to_get_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["anchor", SCENARIO]) == 2
    assert "govchain testnet init" in capsys.readouterr().err


def test_asking_a_network_that_does_not_answer_exits_with_4(tmp_path: Path) -> None:
    run(["testnet", "init", "--out", str(tmp_path / "net"), "--base-port", "39200", "--quiet"])
    assert run(["query", "transaction", "00" * 32, "--network", str(tmp_path / "net")]) == 4


def test_replay_in_the_simulator_tells_the_story_and_judges(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = tmp_path / "result.json"
    assert run(["replay", SCENARIO, "--json", str(result), "--report", str(tmp_path / "runs")]) == 0
    text = capsys.readouterr().out
    assert "A company opens in one day" in text
    assert "⊘" in text
    assert "PASS" in text
    value = json.loads(result.read_text(encoding="utf-8"))
    assert value["verdict"] == "pass"
    assert (tmp_path / "runs" / "040-company-opens" / "40" / "results.json").is_file()


def test_replay_speaks_chinese(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["replay", SCENARIO, "--lang", "zh"]) == 0
    text = capsys.readouterr().out
    assert "企业开办一件事" in text
    assert "复核并签发营业执照（business）" in text
    assert "11 个步骤均成立" in text
    assert "通过" in text


def test_replay_signs_for_real_when_told_so_and_leaves_the_same_receipts(tmp_path: Path) -> None:
    receipts = []
    for crypto in ("symbolic", "real"):
        root = tmp_path / crypto
        assert run(["replay", SCENARIO, "--quiet", "--crypto", crypto, "--report", str(root)]) == 0
        receipts.append({path.name: path.read_bytes() for path in root.glob("*/*/receipts/*.json")})
    assert receipts[0] == receipts[1]
    assert receipts[0]


def test_only_simulated_validators_sign_symbolically(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["replay", SCENARIO, "--backend", "local", "--crypto", "symbolic"]) == 2
    assert "--crypto is for the simulator" in capsys.readouterr().err


def test_replay_on_an_unknown_backend_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["replay", SCENARIO, "--backend", "ship"]) == 2
    assert "sim, local, or" in capsys.readouterr().err


def test_scenario_check_names_the_problem_of_each_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("govchain: 1\nmeta: {titel: x}\n", encoding="utf-8")
    assert run(["scenario", "check", SCENARIO]) == 0
    assert run(["scenario", "check", SCENARIO, str(broken)]) == 2
    assert f"{broken}:2" in capsys.readouterr().out


def test_scenario_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scenario", "schema"]) == 0
    assert "$defs" in json.loads(capsys.readouterr().out)


def test_scenario_list_has_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scenario", "list", str(ROOT / "scenarios")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("040-company-opens.yaml" in line and "A company opens" in line for line in lines)


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["replay", SCENARIO, "--quiet"]) == 0
    assert capsys.readouterr().out == ""


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("runs")
    assert run(["replay", SCENARIO, "--quiet", "--report", str(root)]) == 0
    return root / "040-company-opens" / "40"


def receipt_of(folder: Path, step: str) -> str:
    return str(folder / "receipts" / f"{step}.json")


def test_verify_a_good_receipt_holds_step_by_step(
    run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    original = ROOT / "scenarios" / "files" / "articles-of-association.txt"
    receipt = receipt_of(run_folder, "deposit-articles")
    arguments = ["verify", receipt, "--genesis", str(run_folder / "genesis.json")]
    assert run([*arguments, "--file", str(original)]) == 0
    text = capsys.readouterr().out
    assert text.count("✓") >= 11
    assert "文件可读" in text, "courts read both languages"


def test_verify_a_changed_original_fails_at_the_step_file(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy.txt"
    copy.write_bytes(b"another text")
    receipt = receipt_of(run_folder, "deposit-articles")
    arguments = ["verify", receipt, "--genesis", str(run_folder / "genesis.json"), "--file", str(copy)]
    assert run([*arguments, "--json", "-"]) == 1
    value = json.loads(capsys.readouterr().out)
    assert value["holds"] is False
    assert value["failed_step"] == "file"


def test_verify_a_changed_receipt_fails(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = Path(receipt_of(run_folder, "issue-business")).read_text(encoding="utf-8")
    changed = tmp_path / "changed.json"
    changed.write_text(data.replace('"height": 5', '"height": 6', 1), encoding="utf-8")
    assert changed.read_text(encoding="utf-8") != data
    assert run(["verify", str(changed), "--genesis", str(run_folder / "genesis.json")]) == 1
    assert "✗" in capsys.readouterr().out


def test_verify_without_a_genesis_there_is_nothing_to_trust(
    run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["verify", receipt_of(run_folder, "issue-business")]) == 2
    assert "--genesis FILE" in capsys.readouterr().err
