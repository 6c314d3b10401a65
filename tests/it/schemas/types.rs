//! Which Rust type stands for which component schema, in the mock and in the client.

use serde_json::Value;

/// A component schema as a Rust type.
pub(super) struct Component {
    pub(super) name: &'static str,
    /// What schemars derives; `None` for the client's types, which do not derive it.
    pub(super) schema: Option<fn() -> Value>,
    /// A value read and written by the type.
    pub(super) pass: fn(&Value) -> Result<Value, String>,
    /// What `Debug` shows of a value, in one line and in many.
    pub(super) shown: fn(&Value) -> String,
}

fn pass<T: serde::de::DeserializeOwned + serde::Serialize>(value: &Value) -> Result<Value, String> {
    let typed: T =
        serde_json::from_value(value.clone()).map_err(|error| format!("is not read: {error}"))?;
    serde_json::to_value(typed).map_err(|error| format!("is not written: {error}"))
}

fn shown<T: serde::de::DeserializeOwned + std::fmt::Debug>(value: &Value) -> String {
    let typed: T = serde_json::from_value(value.clone()).unwrap();
    format!("{typed:?} {typed:#?}")
}

/// The mock's types of some component schemas.
macro_rules! mock_types {
    ($types:ident: $($name:ident)*) => {
        vec![$(Component {
            name: stringify!($name),
            schema: Some(|| schemars::schema_for!($types::$name).to_value()),
            pass: pass::<$types::$name>,
            shown: shown::<$types::$name>,
        }),*]
    };
}

/// The client's types of some component schemas, by name or as `Component = type` where they are hand-written.
macro_rules! client_types {
    ($types:ident: $($name:ident $(= $other:ty)?),*) => {
        vec![$(Component {
            name: stringify!($name),
            schema: None,
            pass: client_types!(@pass $types $name $($other)?),
            shown: client_types!(@shown $types $name $($other)?),
        }),*]
    };
    (@pass $types:ident $name:ident) => { pass::<$types::$name> };
    (@pass $types:ident $name:ident $other:ty) => { pass::<$other> };
    (@shown $types:ident $name:ident) => { shown::<$types::$name> };
    (@shown $types:ident $name:ident $other:ty) => { shown::<$other> };
}

pub(super) fn mock(api: &str) -> Vec<Component> {
    match api {
        "activeconnect" => {
            use stepup_mock::spec_check::activeconnect::types;
            mock_types!(types:
                ApplicationId UserId SessionToken RegistrationToken DeviceId AuthRequestId UserList UsersCreated
                UsersUnchanged UserOutcome Acknowledgement Failure RegistrationLink RegistrationSms DeviceRegistered
                AuthenticationMethods AuthenticationMethod SessionStatus AuthenticationStarted StartedAuthentication
                AuthenticationRefused RefusedAuthentication SessionState SessionStanding DeviceEnvelope
                DeviceDescription RegistrationStatus RegistrationAnswer DeviceUpdated RegisteredDevice
                DeviceCredentials Service ServiceUrls Training FacialTraining PhoneUser TrainingData ActiveSessions
                ActiveSession PendingRequests AuthenticationRequest Identify RequestedData RequestedAcceptance
                AcceptanceTerms RequestedFacial ImageTerms RequestedOsAuthentication RequestedProximity
                IdentificationStarted IdentificationAnswer IdentificationData Identified FacialData ProximityData
                IdentificationTaken)
        }
        "authsignal" => {
            use stepup_mock::spec_check::authsignal::types;
            mock_types!(types:
                UserId UserAuthenticatorId ActionCode IdempotencyKey DeviceId EmailAddress TenantId
                ErrorResponse Success Custom VerificationMethod VerificationMethods EnrollableMethod
                OtpMethod PasskeyMethod OobChannel SmsChannel UserActionState FailureReason
                UserAttributes UpdatedAction UserRecord User FoundUser UserPage Claims UserAuthenticators
                UserAuthenticator WebauthnCredential AaguidMapping ParsedUserAgent ParsedBrowser
                ParsedDevice NameAndVersion ParsedCpu EnrollVerifiedAuthenticator
                EnrolledAuthenticator PasskeyBatch BatchPasskey BatchResult BatchFailure
                TrackAttributes Crypto Tracked Output Rule RuleMetadata Action ActionAttributes UserActions
                UserAction TokenToValidate Validated CallChannel CallLocale CallState CallToStart CallStarted CallToFinish CallFinished ChallengeToStart ChallengeStarted CodeToVerify
                Verified ChallengeToClaim Claimed Challenge LoginWithEmail LoginStarted
                TokenToCreate AccessToken SessionToCreate SessionTokens SessionToValidate FlowToStart UserOfFlow FlowAttributes
                StartedFlow FlowToVerify VerifiedFlow TerminalChallenge TerminalChallengeToVerify TerminalVerified FlowState FlowStepType FlowAction CompletedFlowStep NextFlowStep FlowUser
                FlowAuthenticator
                ValidatedSession SessionToRefresh SessionToRevoke UserToRevoke
                AuthenticatorConfigurations AuthenticatorConfiguration Devices Device
                DeviceAttributes Jwks Jwk OpenidConfiguration WebhookEvent WebhookPayload WebhookLogBatch
                WebhookLogRecord EmailCreated SmsCreated PushCreated AuthenticatorChanged
                ActionVerified ActionLog ChallengeLog AuthenticatorType DevicePlatform)
        }
        "authsignal-client" => {
            use stepup_mock::spec_check::authsignal_client::types;
            mock_types!(types:
                CredentialIds ErrorResponse Custom VerificationMethod VerificationMethods SmsChannel FailureReason
                DevicePlatform AuthenticatorType OobChannel EmailToChallenge PhoneToChallenge FlowCodeSent FlowStepVerified FlowState FlowStepType
                FlowAction CompletedFlowStep NextFlowStep FlowUser FlowAuthenticator EmailToEnroll PhoneToEnroll Enrolled EnrolledTotp EnrolledMagicLink
                AuthenticatorChoice SmsChannelChoice ChallengeChoice ChallengeSent VerificationCode AuthenticatorVerified
                UserAuthenticators UserAuthenticator WebauthnCredential AaguidMapping ParsedUserAgent ParsedBrowser
                ParsedDevice NameAndVersion ParsedCpu PasskeyRegistration PasskeyChallengeChoice PaymentInstruments PaymentInstrument Payment RegistrationOptions AuthenticationOptions
                PasskeyToEnroll VerifiedPasskey PasskeyToVerify PasskeyVerified PasskeyAuthenticator
                ActionToChallenge ActionChallenge PublicKeyCredentialCreationOptionsJson PublicKeyCredentialRpEntity
                PublicKeyCredentialUserEntityJson PublicKeyCredentialParameters PublicKeyCredentialDescriptorJson
                AuthenticatorSelectionCriteria PublicKeyCredentialRequestOptionsJson ClientExtensions
                RegistrationResponseJson AuthenticatorAttestationResponseJson AuthenticationResponseJson
                AuthenticatorAssertionResponseJson PushToSend PushChallenge PushDelivery ChallengeToVerify
                PushVerified QrCodeToMake QrCodeChallenge QrCodeToVerify QrCodeVerified AuthenticatorConfigurations
                AuthenticatorConfiguration Initialized ChallengeOptions MaskedUser AppCredential AppCredentialToAdd
                Attestation AppCredentialToRemove AppCredentialRemoved AppCredentialUpdate AppCredentialUpdated
                MessageToSign UpdateToSign AppChallenge ChallengedUser AppChallengeAnswer AppChallengeAnswered
                SignedChallenge AppChallengeClaimed InAppVerified QrCodeState CreateChallengeMessage
                CreateChallengeData ChallengeCreatedMessage ChallengeCreatedData StateChangeMessage StateChangeData
                ReadyMessage ClosePopupMessage ApiErrorMessage ResizeMessage)
        }
        "authsignal-management" => {
            use stepup_mock::spec_check::authsignal_management::types;
            mock_types!(types:
                AaguidMapping AuthenticatorConfiguration AuthenticatorConfigurations Custom
                DevicePlatform FailureReason OobChannel CompletedFlowStep FlowAction FlowAuthenticator FlowState FlowStepType FlowUser NextFlowStep
                NameAndVersion ParsedBrowser ParsedCpu ParsedDevice
                ParsedUserAgent SmsChannel UserAuthenticator UserAuthenticators VerificationMethods
                WebauthnCredential
                ErrorResponse VerificationMethod AuthenticatorType ActionCode RuleId Alias
                CustomDataPointId Authenticator Deleted ActionOutcome ActionType GivenActionType PromptMethod
                Conditions MessagingTemplates ActionNode CreateActionConfiguration
                UpdateActionConfiguration ActionConfiguration ActionConfigurations CreateRule
                UpdateRule Rule Rules FlowRule PublishFlow ItemType ListItem CreateValueList
                UpdateValueList ValueList ValueLists DataType ModelType CreateCustomDataPoint
                UpdateCustomDataPoint CustomDataPoint CustomDataPoints ContentAlignment LogoPosition
                ExitPosition ThemeBorders ThemeColors ThemeContainer DarkContainer ThemeBackground
                FontWeight FontFace ThemeFont ThemeTypography ThemeLinks ThemeShadows DarkMode Theme
                UpdateDarkContainer UpdateDarkMode UpdateTheme AuthenticatorEventsWebhookConfig
                LogEventsWebhookConfig UpdateTenant Tenant Texts UpdateMessageOverrides
                MessageOverrides MessageScreen MessagePoint MessageCatalog SmsProvider EmailProvider
                PushProvider WhatsAppProvider RegistrationHint UserVerification Attachment
                AttestationFailureMode MagicLinkMode Minutes BlockSize RateLimit PrefixRateLimit
                TwilioCredentials BirdSmsCredentials MessageMediaCredentials ModicaGroupCredentials
                TnzCredentials BirdEmailCredentials MailjetEmailCredentials MailgunEmailCredentials
                MandrillEmailCredentials SendgridEmailCredentials SmtpEmailCredentials
                ApnsCredentials FcmCredentials CreateAuthenticatorConfiguration
                UpdateAuthenticatorConfiguration ManagedAuthenticatorConfiguration
                ManagedAuthenticatorConfigurations)
        }
        "mock-control" => {
            use stepup_mock::spec_check::mock_control::types;
            mock_types!(types:
                Problem Health Limits Limit LimitUnit Clock ClockChange Messages MessageId MessagesDeleted Channel MessageKind Message Journal JournalApi JournalNumber
                JournalEntry JournalDetail CarriedHeader TextPattern PlainValue PathPattern BodyMembers HeaderPatterns RequestPattern
                JournalSearch FoundRequests HttpArchive ExpectedRequest Expectations Verification UnmetExpectation RequestDifference CarriedBody Tenants TenantSummary TenantName TenantToCreate TenantSeed NewTenant SnapshotName SnapshotSubject Snapshots SnapshotSummary AuthsignalCredentials ActiveconnectCredentials ActiveconnectSummary AuthsignalSummary
                RuleSummary UserPage UserSummary UserDetail AuthenticatorSummary DeviceSummary ActionPage
                ActionSummary DecidedBy FlowRun FlowStage FlowStepTaken FlowDocument FlowNode FlowRule FlowVersion ActiveconnectUsers ActiveconnectUser ActiveconnectDevice ActiveconnectSession
                PhoneRequests PhoneRequestKind PhoneRequest State PhoneRegistration PhoneRegistered PhoneSubject
                SessionStatus PhoneOutcome CredentialKind PasskeySubject WebauthnJson PasskeyCreation PasskeyRequest
                PasskeyCredential DeviceSubject PushSubject QrCodeSubject DeviceOutcome TotpCode ChallengeSubject
                ChallengeOutcome Outcome ChallengeMode ActionChallengeMode AppClient AppClientSummary CustomClaims IdTokenIssuer IdTokenMethod IdTokenKey ManagementAnswers NextOutcomeChange NextOutcomes
                PasskeySettings UserVerificationRequirement AuthenticatorAttachment PasskeyRegistrationHint
                NextOutcome ActionOutcome Conditions TenantSettings RuleText AuthsignalConfiguration AuthsignalConfigured
                IpFacts IpEntry DeviceFacts DeviceEntry UserFacts UserEntry ValueListEntry DataType ModelType
                DataPointEntry ExportedConfiguration SeedDocument ManagementCall ManagementChange ManagementBody FactConfiguration FactsConfigured CustomFacts NextFactsChange AllNextFacts NextFacts RuleVariable SkippedRule
                FailureConfiguration Failure FailureHeaders TenantFailures AllFailures
                FaultConfiguration FaultName Fault FaultApi FaultLatency FaultBody FaultRateLimit FaultConnection
                FaultSchema FaultSchemaChange TenantFaults AllFaults
                ScenarioConfiguration ScenarioName Scenario ScenarioFacts ScenarioDelivery ScenarioPhone ScenarioChallenge
                TenantScenarios AllScenarios
                WebhookType Webhook VerificationWebhook WebhookConfiguration WebhooksConfigured WebhookDeliveries
                WebhookDelivery WebhookProgress WebhookAttempt WebhookFault WebhookToSend WebhookToTrigger)
        }
        other => panic!("list the mock's types of {other} here"),
    }
}

pub(super) fn client(api: &str) -> Vec<Component> {
    use stepup_client::PathSegment;
    match api {
        "activeconnect" => {
            use stepup_client::activeconnect::raw::{types, vocabulary};
            client_types!(types:
                ApplicationId = PathSegment, UserId = PathSegment, SessionToken = PathSegment,
                RegistrationToken = PathSegment, DeviceId = PathSegment, AuthRequestId = PathSegment,
                UserList, UsersCreated, UsersUnchanged, UserOutcome, Acknowledgement, Failure, RegistrationLink,
                RegistrationSms, DeviceRegistered,
                AuthenticationMethods = Vec<vocabulary::AuthenticationMethod>,
                AuthenticationMethod = vocabulary::AuthenticationMethod, SessionStatus = vocabulary::SessionStatus,
                AuthenticationStarted, StartedAuthentication, AuthenticationRefused, RefusedAuthentication,
                SessionState, SessionStanding, DeviceEnvelope, DeviceDescription,
                RegistrationStatus = vocabulary::RegistrationStatus, RegistrationAnswer, DeviceUpdated,
                RegisteredDevice, DeviceCredentials, Service, ServiceUrls, Training, FacialTraining, PhoneUser,
                TrainingData, ActiveSessions, ActiveSession, PendingRequests, AuthenticationRequest, Identify,
                RequestedData, RequestedAcceptance, AcceptanceTerms, RequestedFacial, ImageTerms,
                RequestedOsAuthentication, RequestedProximity, IdentificationStarted, IdentificationAnswer,
                IdentificationData, Identified, FacialData, ProximityData, IdentificationTaken)
        }
        "authsignal" => {
            use stepup_client::authsignal::raw::{types, vocabulary};
            client_types!(types:
                UserId = PathSegment, UserAuthenticatorId = PathSegment, ActionCode = PathSegment,
                IdempotencyKey = PathSegment, DeviceId = PathSegment, EmailAddress = PathSegment,
                TenantId = PathSegment, ErrorResponse, Success, Custom, VerificationMethod =
                vocabulary::VerificationMethod, VerificationMethods, EnrollableMethod =
                vocabulary::EnrollableMethod, OtpMethod = vocabulary::OtpMethod, PasskeyMethod =
                vocabulary::PasskeyMethod, OobChannel = vocabulary::OobChannel, SmsChannel =
                vocabulary::SmsChannel, UserActionState = vocabulary::UserActionState, FailureReason
                = vocabulary::FailureReason, UpdatedAction, UserAttributes, UserRecord, User, FoundUser, UserPage,
                Claims, UserAuthenticators, UserAuthenticator, WebauthnCredential, AaguidMapping,
                ParsedUserAgent, ParsedBrowser, ParsedDevice, NameAndVersion, ParsedCpu,
                EnrollVerifiedAuthenticator, EnrolledAuthenticator, PasskeyBatch, BatchPasskey,
                BatchResult, BatchFailure, TrackAttributes, Crypto, Tracked, Output, Rule, RuleMetadata, Action,
                ActionAttributes, UserActions, UserAction, TokenToValidate, Validated,
                CallChannel = vocabulary::CallChannel, CallLocale, CallState = vocabulary::CallState, CallToStart, CallStarted, CallToFinish, CallFinished,
                ChallengeToStart, ChallengeStarted, CodeToVerify, Verified, ChallengeToClaim,
                Claimed, Challenge, LoginWithEmail, LoginStarted, TokenToCreate, AccessToken,
                SessionToCreate, SessionTokens, SessionToValidate, ValidatedSession, FlowToStart, UserOfFlow, FlowAttributes,
                StartedFlow, FlowToVerify, VerifiedFlow, TerminalChallenge, TerminalChallengeToVerify, TerminalVerified, FlowState = vocabulary::FlowState, FlowStepType = vocabulary::FlowStepType, FlowAction, CompletedFlowStep,
                NextFlowStep, FlowUser, FlowAuthenticator,
                SessionToRefresh, SessionToRevoke, UserToRevoke, AuthenticatorConfigurations,
                AuthenticatorConfiguration, Devices, Device, DeviceAttributes, Jwks, Jwk, OpenidConfiguration,
                WebhookEvent, WebhookPayload, WebhookLogBatch, WebhookLogRecord, EmailCreated,
                SmsCreated, PushCreated, AuthenticatorChanged, ActionVerified, ActionLog,
                ChallengeLog, AuthenticatorType = vocabulary::AuthenticatorType,
                DevicePlatform = vocabulary::DevicePlatform)
        }
        "authsignal-client" => {
            use stepup_client::authsignal_client::raw::{types, vocabulary};
            client_types!(types:
                CredentialIds = Vec<String>, ErrorResponse, Custom, VerificationMethod =
                vocabulary::VerificationMethod, VerificationMethods, SmsChannel = vocabulary::SmsChannel,
                FailureReason = vocabulary::FailureReason, DevicePlatform = vocabulary::DevicePlatform,
                AuthenticatorType = vocabulary::AuthenticatorType, OobChannel = vocabulary::OobChannel, EmailToChallenge, PhoneToChallenge, FlowCodeSent, FlowStepVerified,
                FlowState = vocabulary::FlowState, FlowStepType = vocabulary::FlowStepType, FlowAction, CompletedFlowStep,
                NextFlowStep, FlowUser, FlowAuthenticator, EmailToEnroll, PhoneToEnroll, Enrolled,
                EnrolledTotp, EnrolledMagicLink, AuthenticatorChoice, SmsChannelChoice, ChallengeChoice,
                ChallengeSent, VerificationCode, AuthenticatorVerified, UserAuthenticators, UserAuthenticator, WebauthnCredential,
                AaguidMapping, ParsedUserAgent, ParsedBrowser, ParsedDevice, NameAndVersion, ParsedCpu,
                PasskeyRegistration, PasskeyChallengeChoice, PaymentInstruments = Vec<types::PaymentInstrument>, PaymentInstrument, Payment, RegistrationOptions, AuthenticationOptions, PasskeyToEnroll, VerifiedPasskey,
                PasskeyToVerify, PasskeyVerified, PasskeyAuthenticator, ActionToChallenge, ActionChallenge,
                PublicKeyCredentialCreationOptionsJson, PublicKeyCredentialRpEntity,
                PublicKeyCredentialUserEntityJson, PublicKeyCredentialParameters, PublicKeyCredentialDescriptorJson,
                AuthenticatorSelectionCriteria, PublicKeyCredentialRequestOptionsJson, ClientExtensions,
                RegistrationResponseJson, AuthenticatorAttestationResponseJson, AuthenticationResponseJson,
                AuthenticatorAssertionResponseJson, PushToSend, PushChallenge, PushDelivery, ChallengeToVerify,
                PushVerified, QrCodeToMake, QrCodeChallenge, QrCodeToVerify, QrCodeVerified,
                AuthenticatorConfigurations, AuthenticatorConfiguration, Initialized, ChallengeOptions, MaskedUser,
                AppCredential, AppCredentialToAdd, Attestation, AppCredentialToRemove, AppCredentialRemoved,
                AppCredentialUpdate, AppCredentialUpdated, MessageToSign, UpdateToSign, AppChallenge,
                ChallengedUser, AppChallengeAnswer, AppChallengeAnswered, SignedChallenge, AppChallengeClaimed,
                InAppVerified, QrCodeState = vocabulary::QrCodeState, CreateChallengeMessage, CreateChallengeData,
                ChallengeCreatedMessage, ChallengeCreatedData, StateChangeMessage, StateChangeData, ReadyMessage,
                ClosePopupMessage, ApiErrorMessage, ResizeMessage)
        }
        "authsignal-management" => {
            use stepup_client::authsignal_management::raw::{types, vocabulary};
            client_types!(types:
                AaguidMapping, AuthenticatorConfiguration, AuthenticatorConfigurations, Custom,
                DevicePlatform = vocabulary::DevicePlatform, FailureReason =
                vocabulary::FailureReason, OobChannel = vocabulary::OobChannel, CompletedFlowStep, FlowAction, FlowAuthenticator,
                FlowState = vocabulary::FlowState, FlowStepType = vocabulary::FlowStepType, FlowUser, NextFlowStep, NameAndVersion, ParsedBrowser, ParsedCpu, ParsedDevice,
                ParsedUserAgent, SmsChannel = vocabulary::SmsChannel, UserAuthenticator,
                UserAuthenticators, VerificationMethods, WebauthnCredential,
                ErrorResponse, VerificationMethod = vocabulary::VerificationMethod,
                AuthenticatorType = vocabulary::AuthenticatorType, ActionCode = PathSegment, RuleId
                = PathSegment, Alias = PathSegment, CustomDataPointId = PathSegment, Authenticator =
                PathSegment, Deleted, ActionOutcome = vocabulary::ActionOutcome, ActionType =
                vocabulary::ActionType, GivenActionType, PromptMethod = vocabulary::PromptMethod, Conditions,
                MessagingTemplates, ActionNode, CreateActionConfiguration,
                UpdateActionConfiguration, ActionConfiguration, ActionConfigurations, CreateRule,
                UpdateRule, Rule, Rules, FlowRule, PublishFlow, ItemType = vocabulary::ItemType,
                ListItem, CreateValueList, UpdateValueList, ValueList, ValueLists, DataType =
                vocabulary::DataType, ModelType = vocabulary::ModelType, CreateCustomDataPoint,
                UpdateCustomDataPoint, CustomDataPoint, CustomDataPoints, ContentAlignment =
                vocabulary::ContentAlignment, LogoPosition = vocabulary::LogoPosition, ExitPosition
                = vocabulary::ExitPosition, ThemeBorders, ThemeColors, ThemeContainer,
                DarkContainer, ThemeBackground, FontWeight, FontFace, ThemeFont, ThemeTypography,
                ThemeLinks, ThemeShadows, DarkMode, Theme, UpdateDarkContainer, UpdateDarkMode,
                UpdateTheme, AuthenticatorEventsWebhookConfig, LogEventsWebhookConfig, UpdateTenant,
                Tenant, Texts, UpdateMessageOverrides, MessageOverrides, MessageScreen,
                MessagePoint, MessageCatalog, SmsProvider = vocabulary::SmsProvider, EmailProvider =
                vocabulary::EmailProvider, PushProvider = vocabulary::PushProvider, WhatsAppProvider
                = vocabulary::WhatsAppProvider, RegistrationHint = vocabulary::RegistrationHint,
                UserVerification = vocabulary::UserVerification, Attachment =
                vocabulary::Attachment, AttestationFailureMode = vocabulary::AttestationFailureMode,
                MagicLinkMode = vocabulary::MagicLinkMode, Minutes, BlockSize, RateLimit,
                PrefixRateLimit, TwilioCredentials, BirdSmsCredentials, MessageMediaCredentials,
                ModicaGroupCredentials, TnzCredentials, BirdEmailCredentials,
                MailjetEmailCredentials, MailgunEmailCredentials, MandrillEmailCredentials,
                SendgridEmailCredentials, SmtpEmailCredentials, ApnsCredentials, FcmCredentials,
                CreateAuthenticatorConfiguration, UpdateAuthenticatorConfiguration,
                ManagedAuthenticatorConfiguration, ManagedAuthenticatorConfigurations)
        }
        "mock-control" => {
            use stepup_client::mock_control::raw::{types, vocabulary};
            client_types!(types:
                Problem, Health, Limits, Limit, LimitUnit = vocabulary::LimitUnit, Clock, ClockChange, Messages, MessageId = PathSegment, MessagesDeleted, Channel = vocabulary::Channel, MessageKind =
                vocabulary::MessageKind, Message, Journal, JournalApi =
                vocabulary::JournalApi, JournalNumber = PathSegment, JournalEntry, JournalDetail, CarriedHeader, TextPattern, PlainValue, PathPattern, BodyMembers,
                HeaderPatterns, RequestPattern, JournalSearch, FoundRequests, HttpArchive, ExpectedRequest, Expectations,
                Verification, UnmetExpectation, RequestDifference,
                CarriedBody, Tenants, TenantSummary, TenantName = PathSegment, TenantToCreate, TenantSeed, NewTenant,
                SnapshotName = PathSegment, SnapshotSubject, Snapshots, SnapshotSummary,
                AuthsignalCredentials, ActiveconnectCredentials, ActiveconnectSummary, AuthsignalSummary, RuleSummary, UserPage,
                UserSummary, UserDetail, AuthenticatorSummary, DeviceSummary, ActionPage, ActionSummary, FlowRun, FlowStage,
                FlowStepTaken, FlowDocument, FlowNode, FlowRule, FlowVersion,
                DecidedBy = vocabulary::DecidedBy,
                ActiveconnectUsers, ActiveconnectUser, ActiveconnectDevice, ActiveconnectSession, PhoneRequests,
                PhoneRequestKind = vocabulary::PhoneRequestKind, PhoneRequest, State, PhoneRegistration,
                PhoneRegistered, PhoneSubject, SessionStatus = vocabulary::SessionStatus, PhoneOutcome,
                CredentialKind = vocabulary::CredentialKind, PasskeySubject, WebauthnJson, PasskeyCreation,
                PasskeyRequest, PasskeyCredential, DeviceSubject, PushSubject, QrCodeSubject, DeviceOutcome,
                TotpCode, ChallengeSubject, ChallengeOutcome, Outcome = vocabulary::Outcome, ChallengeMode =
                vocabulary::ChallengeMode, ActionChallengeMode, AppClient, AppClientSummary, CustomClaims, IdTokenIssuer,
                IdTokenMethod = vocabulary::IdTokenMethod, IdTokenKey, ManagementAnswers, PasskeySettings,
                UserVerificationRequirement = vocabulary::UserVerificationRequirement,
                AuthenticatorAttachment = vocabulary::AuthenticatorAttachment,
                PasskeyRegistrationHint = vocabulary::PasskeyRegistrationHint, NextOutcomeChange, NextOutcomes, NextOutcome,
                ActionOutcome, Conditions, TenantSettings, RuleText, AuthsignalConfiguration, AuthsignalConfigured,
                IpFacts, IpEntry, DeviceFacts, DeviceEntry, UserFacts, UserEntry, ValueListEntry, DataType = vocabulary::DataType, ModelType = vocabulary::ModelType,
                DataPointEntry, ExportedConfiguration, SeedDocument, ManagementCall, ManagementChange, ManagementBody, FactConfiguration, FactsConfigured, CustomFacts, NextFactsChange, AllNextFacts, NextFacts, RuleVariable, SkippedRule,
                FailureConfiguration, Failure, FailureHeaders, TenantFailures, AllFailures, FaultConfiguration,
                FaultName = PathSegment, Fault, FaultApi = vocabulary::FaultApi, FaultLatency, FaultBody, FaultRateLimit,
                FaultConnection = vocabulary::FaultConnection, FaultSchema,
                FaultSchemaChange = vocabulary::FaultSchemaChange, TenantFaults, AllFaults,
                ScenarioConfiguration, ScenarioName = PathSegment, Scenario, ScenarioFacts,
                ScenarioDelivery = vocabulary::ScenarioDelivery, ScenarioPhone = vocabulary::ScenarioPhone,
                ScenarioChallenge = vocabulary::ScenarioChallenge, TenantScenarios, AllScenarios, WebhookType =
                vocabulary::WebhookType, Webhook, VerificationWebhook, WebhookConfiguration, WebhooksConfigured,
                WebhookDeliveries, WebhookDelivery, WebhookProgress = vocabulary::WebhookProgress, WebhookAttempt,
                WebhookFault = vocabulary::WebhookFault, WebhookToSend, WebhookToTrigger)
        }
        other => panic!("list the client's types of {other} here"),
    }
}
