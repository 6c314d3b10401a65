//! The credentials of an Authsignal tenant that nobody configured. Everybody knows them.

/// Id of the default Authsignal tenant.
pub const DEFAULT_TENANT_ID: &str = "00000000-0000-4000-8000-000000000001";

/// Its server API secret.
pub const DEFAULT_API_SECRET: &str = "mock-authsignal-secret-0123456789abcdef";

/// The secret of its terminals.
pub const DEFAULT_TERMINAL_SECRET: &str = "mock-terminal-secret-0123456789abcdef";

/// Its management secret.
pub const DEFAULT_MANAGEMENT_SECRET: &str = "mock-management-secret-0123456789abcdef";
