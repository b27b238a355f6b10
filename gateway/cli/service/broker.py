"""`shishigaki broker`: sets up mosquitto's files for this site, renews its certificate, follows the registry.

Owns the commands. Each may be repeated at any time. Runs as root, or by the wrapper that root calls.
"""

from contextlib import closing
from typing import Annotated

import typer

from gateway.broker.certificates import end_of
from gateway.broker.enrolment import Accounts, EnrolmentError
from gateway.cli.options import ConfigFile, hidden_answer, load, open_store
from gateway.clock import utc_now
from gateway.domain.model import Standing

group = typer.Typer(
    help="ブローカー (mosquitto) のファイル / the files of the broker of this machine",
    no_args_is_help=True,
)


RELOAD = (
    "ブローカーに伝わっていません。動いているなら / the broker was not told; if it runs: "
    "sudo systemctl reload mosquitto"
)


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(group, name="broker")


@group.command()
def setup(
    new_authority: Annotated[
        bool,
        typer.Option(
            "--new-authority",
            help="認証局から作り直す。センサーの設定もすべて / all anew; every sensor needs the new one",
        ),
    ] = False,
    config: ConfigFile = None,
) -> None:
    """この拠点の規則・証明書・パスワードを用意します / make access rules, certificate and our own account."""
    settings = load(config)
    if not settings.mqtt.password:
        raise EnrolmentError(
            "mqtt.password が空です。/etc/shishigaki/secrets/mqtt_password に / empty: it belongs "
            "into that file"
        )
    accounts, now = Accounts(settings), utc_now()
    passphrase = accounts.certify(now, anew=new_authority)
    if passphrase:  # before anything else may fail: it is kept nowhere
        typer.echo(
            "認証局の合言葉 (一度だけ。紙に控えてください) / the authority's passphrase, shown once; "
            f"write it down: {passphrase}"
        )
    changed = [accounts.put_gateway(settings.mqtt.password), accounts.write_acl({})]
    if {source.dialect for source in settings.sources} & {"zigbee2mqtt", "frigate"}:
        changed.append(accounts.put_bridge())
    runs = accounts.files.reload() if any(changed) or passphrase else True
    if not runs:
        typer.echo("ブローカーはまだ動いていません / the broker does not run yet", err=True)
    typer.echo(
        f"ブローカー: 用意できました（拠点 {settings.site.name}）/ the broker's files are ready"
    )


@group.command()
def renew(config: ConfigFile = None) -> None:
    """ブローカーの証明書を作り直します。センサーはそのまま / a new certificate; sensors need no change."""
    accounts = Accounts(load(config))
    passphrase = hidden_answer(
        "認証局の合言葉 (設置のとき紙に控えたもの) / the authority's passphrase"
    )
    made_for = accounts.renew(passphrase, utc_now())
    end = end_of(accounts.files.read(accounts.files.identity).encode())
    typer.echo(f"{end:%Y-%m-%d} まで / valid until: {', '.join(made_for)}")
    warn_unless_heard(accounts)


@group.command()
def sync(config: ConfigFile = None) -> None:
    """停止した機器をブローカーからも外します / take revoked devices away from the broker, too."""
    settings = load(config)
    with closing(open_store(settings)) as store:
        devices = store.read_now(lambda r: r.devices())
    revoked = [one.id for one in devices if one.standing is Standing.REVOKED]
    accounts = Accounts(settings)
    gone = accounts.revoke(revoked)
    warn_unless_heard(accounts)
    typer.echo(f"{len(gone)} 台を外しました / taken away: {', '.join(gone) or '-'}")


def warn_unless_heard(accounts: Accounts) -> None:
    """Say what to do if the broker has not read its files again."""
    if not accounts.is_heard:
        typer.echo(RELOAD, err=True)
