"""Models in folders and in installed packages."""

from test_hub import message

from stages.hub import locate_model


def test_folders(tmp_path, tiny_bert, monkeypatch):
    assert locate_model(str(tiny_bert)) == (tiny_bert, None)
    assert f"model.path={tmp_path}: the folder {tmp_path} holds no config.json." in message(
        locate_model, str(tmp_path), error=FileNotFoundError
    )
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    assert "Did you mean its folder model/?" in message(locate_model, str(tmp_path), error=FileNotFoundError)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert locate_model("~/model") == (tmp_path / "model", None)


def test_packages(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "some_weights" / "model").mkdir(parents=True)
    (tmp_path / "some_weights" / "model" / "config.json").write_text("{}")
    assert locate_model("package:some_weights/model") == (tmp_path / "some_weights" / "model", None)
    assert "holds no config.json" in message(locate_model, "package:some_weights/other", error=FileNotFoundError)
    for name in ("no_such_package", "getpass", ""):  # getpass is a module without a folder
        text = message(locate_model, f"package:{name}/model", error=FileNotFoundError)
        assert f"the package {name} is not installed" in text
