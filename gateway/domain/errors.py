"""Every exception class of the project, in one tree. PURE.

Owns the root and its branches. Each module defines its own leaves; this page lists them, and a test
holds the list complete. The text of each error names the value, what is allowed and what to do.

There are four paths, and each error takes one:

1. Bad input: a message, a cell, a file or a request cannot be used. It alone is refused, the rest
   goes on.

       BadInputError
           gateway.alerts.links.BadTicketError
           gateway.broker.certificates.PassphraseError
           gateway.broker.enrolment.EnrolmentError
           gateway.cli.evaluation.command.EvaluationError
           gateway.cli.people.secrets.SecretsError
           gateway.cli.people.sessions.SessionError
           gateway.cli.people.sign_in.SignInError
           gateway.cli.devices.try_out.TryError
           gateway.cli.people.new_password.PasswordLengthError
           gateway.cli.people.users.UserError
           gateway.cli.region.users.HubUserError
           gateway.cli.region.enrol.TownNameError
           gateway.cli.region.export.MonthError
           gateway.domain.damage.record.DamageError
           gateway.domain.traps.capture_check.CheckError
           gateway.domain.geo.areas.AreaError
           gateway.domain.geo.degrees.DegreesError
           gateway.domain.geo.mesh_code.MeshError
           gateway.domain.model.MessageRefusedError
           gateway.domain.people.api_token.TokenError
           gateway.ingest.devices.approval.ApprovalError
           gateway.ingest.devices.lists.DeviceListError
           gateway.ingest.files.camtrapdp.tables.PackageError
           gateway.ingest.files.replay.HistoryError
           gateway.ingest.files.undo.UndoError
           gateway.ingest.people.actions.UnknownSubjectError
           gateway.mqtt.traffic.recording.RecordingError
           gateway.ingest.photos.keeping.PhotoRefusedError
           gateway.ingest.pictures.taking.NotTakenError
           gateway.ingest.pictures.picture_reader.UnreadableError
           gateway.ingest.tables.import_report.RowError
           gateway.ingest.tables.text_file.TableError
           gateway.region.enrolment.EnrolmentError
           gateway.upgrade.beginning.UpgradeError
           gateway.upgrade.manifest.BundleError
           gateway.upgrade.signature.SignatureError
           gateway.region.hub.receive.access.AccessDeniedError
           gateway.region.hub.receive.blocks.BlockRefusedError
           gateway.region.protocol.BadBlockError
           dashboard.api.paging.CursorError
           dashboard.maps.pack.errors.MapPackError
           dashboard.office.imports.uploads.UploadError
           dashboard.public.open311.requests.FilterError
           dashboard.public.report.taking.NotAdmittedError
           dashboard.office.papers.photos.PhotoError
           dashboard.office.papers.forms.template.FormTemplateError
           dashboard.office.siting.proposals.TooWideError
           dashboard.trapper.asked_fields.FieldError
           dashboard.trapper.one_tap.UsedLinkError
           dashboard.trapper.phone.act_request.ActRefusedError
           dashboard.web.entry.guesses.TooManyTriesError
           dashboard.web.forms.multipart.FormError
           TranslatedError: pages show its text in the reader's language
               gateway.domain.people.agreement.AgreementError
               gateway.domain.people.push.PushError
               gateway.domain.reports.report.ReportError
               gateway.domain.reports.warning.SubscriptionError
               dashboard.office.region.hub.records.RequestRefusedError
           gateway.domain.people.rules.PersonError
               gateway.domain.trap_lifecycle.IllegalActionError
                   gateway.domain.trap_lifecycle.ActionConflictError

2. Bad configuration: whoever runs the gateway must change a setting, a file or the machine. A command
   prints the text and ends with exit code 1; a running service raises an alert.

       BadConfigurationError
           gateway.broker.files.BrokerFilesError
           gateway.cli.demo.island.DemoError
           gateway.config.messages.ConfigError
           gateway.dialects.sensors.models.UnknownMeaningError
           gateway.domain.pictures.makes.MakeError
           gateway.following.errors.ForwardingHaltedError
               gateway.region.uplink.delivery.SupersededError
           gateway.export.influx.setup.SetupError
           gateway.mqtt.embedded_broker.BrokerError
           gateway.region.hub.authority.AuthorityError
           gateway.region.hub.migrations.MigrationError
           gateway.region.hub.settings.HubSettingsError
           dashboard.web.assets.MissingAssetsError
           dashboard.documents.paper.font.MissingFontError

3. Unreachable: a broker, a server, a provider, a disk, the database file or a child process does not
   answer or takes nothing. The program waits and tries again.

       UnreachableError
           gateway.alerts.channels.UndeliveredError
           gateway.alerts.replies.reconnect.WayUnreachableError
           gateway.backup.errors.BackupError
               gateway.backup.errors.CutFileError
               gateway.backup.errors.NewerFileError
               gateway.backup.errors.WrongKeyError
           gateway.cli.region.hub_options.HubDatabaseError
           gateway.following.errors.RetryLaterError
               gateway.region.uplink.delivery.LostRegionError
           gateway.export.influx.readback.HistoryUnreadableError
           gateway.export.influx.server.QueryError
           gateway.mqtt.link.ConnectionFailedError
           gateway.mqtt.traffic.playing.PlayingError
           gateway.mqtt.own_topics.reading.NotReadableError
           gateway.region.hub.database.DatabaseAwayError
           gateway.region.hub.database.NotDurableError
           gateway.region.upward.sender.ParentAwayError
           gateway.mqtt.probes.as_device.NotConfirmedError
           gateway.mqtt.probes.rights.NoRightsError
           gateway.store.connection.DamagedFileError
           gateway.store.connection.DiskError
           gateway.store.connection.LockedFileError
           gateway.store.connection.StoreError
           gateway.upgrade.steps.StepError
           dashboard.web.process.child.StartError
           dashboard.web.process.forwarding.NoAnswerError
           dashboard.web.process.forwarding.NotAcceptedError

4. Our bug: every other exception. It keeps its stack trace and ends the program; where many messages
   or channels are worked through, it is logged with its trace and costs that one message.

The simulator is a program of its own and imports nothing from here (`firmware_sim`).
"""

from gateway.words.catalogue import Translations, both


class ShishigakiError(Exception):
    """A person or time can put it right; commands print the text in one line without a stack trace."""


class BadInputError(ShishigakiError):
    """A message, a cell, a file or a request cannot be used; the text says what is allowed."""


class TranslatedError(BadInputError):
    """An error that pages show in the reader's language; its text for others is in both languages."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(both(key, **values))
        self.key, self.values = key, values

    def text(self, words: Translations) -> str:
        """The reason in the reader's language."""
        return words(self.key, **self.values)


class BadConfigurationError(ShishigakiError):
    """A setting, a file or the machine must be changed; the text says which and how."""


class UnreachableError(ShishigakiError):
    """Something outside the program does not answer or takes nothing now; trying again may help."""
