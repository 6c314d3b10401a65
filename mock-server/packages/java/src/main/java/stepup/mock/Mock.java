package stepup.mock;

import java.util.function.Supplier;

/** A mock that runs. */
public final class Mock implements AutoCloseable {
    /** Seconds without a request after which a mock deletes a tenant that a killed test has left. */
    private static final int IDLE = 3600;
    /** How much of a tenant's name it gets. */
    private static final int NAME = 100;

    private static Mock shared;
    private static MockException failed;

    private final Program program;
    private final Control control;

    private Mock(String url, Program program, Supplier<String> whyUnreachable) {
        this.program = program;
        this.control = new Control(url, whyUnreachable);
    }

    /**
     * The mock that all tests of this process share: the one that {@code STEPUP_MOCK_URL} names, or else a new one, which
     * ends with the process.
     */
    public static synchronized Mock shared() {
        // A second attempt would fail as the first did, after as long.
        if (failed != null) {
            throw failed;
        }
        if (shared == null) {
            try {
                shared = start();
            } catch (MockException error) {
                failed = error;
                throw error;
            }
        }
        return shared;
    }

    /** The mock that {@code STEPUP_MOCK_URL} names, or else a new one on a free port. */
    public static Mock start() {
        return start(System.getenv("STEPUP_MOCK_URL"), System.getenv("STEPUP_MOCK"));
    }

    static Mock start(String url, String path) {
        if (url != null && !url.isEmpty()) {
            return attached(url);
        }
        Program program = new Program(path);
        try {
            return new Mock(program.url(), program, program::whyUnreachable);
        } catch (MockException error) {
            program.stop();
            throw error;
        }
    }

    private static Mock attached(String url) {
        Mock mock = new Mock(url, null, () -> "Check that a mock runs there, and STEPUP_MOCK_URL.");
        if (!"ok".equals(mock.control.call("GET", "/_mock/health", null).get("status"))) {
            throw new MockException(url + " (STEPUP_MOCK_URL) is no stepup-mock");
        }
        return mock;
    }

    /** Where the mock is, such as {@code http://127.0.0.1:4750}. Its desk is there, too. */
    public String url() {
        return control.url;
    }

    /** A tenant with a clock, inbox and journal of its own. */
    public Tenant createTenant() {
        return createTenant(null, null);
    }

    /**
     * A tenant that begins with a seed: JSON, a tenant in the form of a seed file; or null. The desk shows the name, which may
     * be null, too. A mock that runs with {@code --deterministic} makes ids and secrets of it.
     */
    public Tenant createTenant(String seed, String name) {
        String body = "{\"ttlSeconds\":" + IDLE
            + (seed == null ? "" : ",\"seed\":" + seed)
            // The end of a long name says most.
            + (name == null ? "" : ",\"name\":" + Json.write(name.substring(Math.max(0, name.length() - NAME)))) + "}";
        try {
            return new Tenant(control, control.call("POST", "/_mock/tenants", body));
        } catch (MockException error) {
            // A second tenant of one name would have the secrets of the first.
            if (error.status() == 409 && name != null) {
                return createTenant(seed, null);
            }
            if (error.status() == 404 || error.status() == 405) {
                throw new MockException(
                    "the mock at " + url() + " is too old: it cannot create tenants. Install the one of this repository.");
            }
            throw error;
        }
    }

    /** Stops the program, if this process has started it. */
    @Override
    public void close() {
        if (program != null) {
            program.stop();
        }
    }

    long pid() {
        return program.pid();
    }
}
