"""People: who is told, who may log in, and whether each channel takes a message.

Owns what counts as nobody. Must not show a channel's address, nor send a message.
"""

from gateway.alerts.channels import UndeliveredError
from gateway.alerts.channels.asking import ask
from gateway.alerts.open_channels import wrong_channels
from gateway.config.dashboard import is_local
from gateway.config.people import person_of
from gateway.doctor.case import Case
from gateway.doctor.finding import Finding, fault, unknown, well
from gateway.domain.people.person import Person, UserRole
from gateway.ingest.people import importing

ADD_PERSON = "sudo shishigaki setup"
TAKES = "--channels"  # typed, one a line, and Ctrl-D
LOGIN = "sudo shishigaki users add NAME --role admin"
FIRST = "sudo shishigaki users first"


def people(case: Case) -> Finding:
    """Whether somebody is told, and every name of the rota is somebody."""
    everybody, sentence = known_people(case)
    if sentence:
        return fault("doctor.people_differ", "sudo shishigaki people list", why=sentence)
    known = {one.name for one in everybody} | {g for one in everybody for g in one.groups}
    if lost := {name for turns in case.config.rota for name in turns.people} - known:
        names = ", ".join(sorted(lost))
        return fault("doctor.rota", f"sudo shishigaki people add {min(lost)}", names=names)
    told = sum(1 for person in everybody if person.channels)
    if not told:
        first = min(everybody, key=lambda one: not one.duties, default=None)
        return fault("doctor.nobody_told", _change(first) if first else ADD_PERSON)
    return well("doctor.people_well", told=told)


def channels(case: Case) -> Finding:
    """Whether each channel can be opened, and its provider answers."""
    everybody, _ = known_people(case)
    for person in everybody:
        if wrong := wrong_channels([person]):
            return fault("doctor.channel_wrong", _change(person), why="; ".join(wrong))
    asked, silent = 0, 0
    for person in everybody:
        for number, channel in enumerate(person.channels, start=1):
            try:
                answered = ask(channel.url, case.config.alerts.line_url)
            except UndeliveredError as error:
                where = f"{person.name}, {number}"
                command = _change(person)
                return fault("doctor.channel_dead", command, where=where, why=error.answer)
            asked, silent = asked + answered, silent + (not answered)
    if asked + silent == 0:
        return unknown("doctor.no_channels")
    return well("doctor.channels_well", asked=asked, silent=silent)


def login(case: Case) -> Finding:
    """Whether anybody can log in, or pages are open without a login."""
    accounts, had, opened, admins = 0, False, False, list[str]()
    with case.reader() as reader:
        if reader is None and case.database.exists():
            return unknown("doctor.older", path=str(case.database))
        if reader is not None:
            accounts, had = len(reader.people.logins()), reader.people.had_logins()
            opened = reader.sessions.enterable(case.now)
            admins = [one.name for one in reader.people.all() if one.role is UserRole.ADMIN]
    if opened and not accounts:
        return well("doctor.login_by_link")
    if accounts:
        return well("doctor.logins", accounts=accounts)
    if had:
        return fault("doctor.nobody_logs_in", _enter(admins))
    if not is_local(case.config.dashboard):
        return fault("doctor.nobody_logs_in", FIRST)
    return well("doctor.open_reading", command=LOGIN)


def _change(person: Person) -> str:
    """The command that takes somebody's channels; whoever has one needs a duty."""
    duty = "" if person.duties else " --duty office"
    return f"sudo shishigaki people change {person.name}{duty} {TAKES}"


def _enter(admins: list[str]) -> str:
    """How an administrator gets in again, or the first one does."""
    return f"sudo shishigaki users qr {admins[0]}" if admins else LOGIN


def known_people(case: Case) -> tuple[list[Person], str]:
    """Everybody, and what the file says otherwise than the database."""
    with case.reader() as reader:
        if reader is not None and (since := reader.people.since()):
            report = importing.file_report(reader, case.config.people)
            return reader.people.all(), report.sentence(since)
    return [person_of(one) for one in case.config.people], ""
