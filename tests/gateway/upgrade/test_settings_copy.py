"""Settings, units and the broker's files return as they were, and nothing else is touched."""

from pathlib import Path

from gateway.upgrade import settings_copy

PATTERNS = ("etc/shishigaki/*", "etc/mosquitto/conf.d/shishigaki*")


def files(root: Path) -> dict[str, str]:
    return {str(p.relative_to(root)): p.read_text() for p in root.rglob("*") if p.is_file()}


def prepared(folder: Path) -> Path:
    root = folder / "root"
    for name in ("etc/shishigaki/config.toml", "etc/mosquitto/conf.d/shishigaki.conf", "etc/hosts"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("before")
    return root


def test_what_the_new_version_changed_added_or_deleted_returns(tmp_path: Path) -> None:
    root, copy = prepared(tmp_path), tmp_path / "copy"
    before = files(root)
    settings_copy.save(copy, root, PATTERNS)
    (root / "etc/shishigaki/config.toml").write_text("new")
    (root / "etc/shishigaki/added").write_text("new")
    (root / "etc/mosquitto/conf.d/shishigaki.conf").unlink()
    changed = settings_copy.put_back(copy, root, PATTERNS)
    assert files(root) == before
    assert len(changed) == 3
    assert settings_copy.of_broker(changed)
    assert settings_copy.put_back(copy, root, PATTERNS) == []


def test_what_others_changed_after_the_new_version_stays(tmp_path: Path) -> None:
    root, copy = prepared(tmp_path), tmp_path / "copy"
    settings_copy.save(copy, root, PATTERNS)
    (root / "etc/shishigaki/config.toml").write_text("new")
    assert settings_copy.note_change(copy, root, PATTERNS) == ["etc/shishigaki/config.toml"]
    (root / "etc/mosquitto/conf.d/shishigaki.conf").write_text("an account made since")
    assert settings_copy.put_back(copy, root, PATTERNS) == ["etc/shishigaki/config.toml"]
    assert (root / "etc/mosquitto/conf.d/shishigaki.conf").read_text() == "an account made since"
    settings_copy.save(copy, root, PATTERNS)
    (root / "etc/mosquitto/conf.d/shishigaki.conf").write_text("of the next upgrade, cut off")
    assert settings_copy.put_back(copy, root, PATTERNS) == ["etc/mosquitto/conf.d/shishigaki.conf"]


def test_modes_return_too(tmp_path: Path) -> None:
    root, copy = prepared(tmp_path), tmp_path / "copy"
    secret = root / "etc/shishigaki/config.toml"
    secret.chmod(0o640)
    settings_copy.save(copy, root, PATTERNS)
    secret.chmod(0o644)
    assert settings_copy.put_back(copy, root, PATTERNS) == ["etc/shishigaki/config.toml"]
    assert secret.stat().st_mode & 0o777 == 0o640


def test_other_files_stay_and_half_a_copy_changes_nothing(tmp_path: Path) -> None:
    root, copy = prepared(tmp_path), tmp_path / "copy"
    settings_copy.save(copy, root, PATTERNS)
    (root / "etc/hosts").write_text("of the operator")
    assert settings_copy.put_back(copy, root, PATTERNS) == []
    (copy / settings_copy.WHOLE).unlink()
    (root / "etc/shishigaki/config.toml").write_text("new")
    assert settings_copy.put_back(copy, root, PATTERNS) == []
    assert (root / "etc/shishigaki/config.toml").read_text() == "new"
