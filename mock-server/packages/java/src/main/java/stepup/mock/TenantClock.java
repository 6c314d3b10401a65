package stepup.mock;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;

/** The clock of a tenant. It runs with the machine's until a test moves it. */
public final class TenantClock {
    private final Control control;
    private final String tenant;

    TenantClock(Control control, String tenant) {
        this.control = control;
        this.tenant = tenant;
    }

    /** The tenant's time. */
    public Instant now() {
        return Instant.parse(control.get("/_mock/clock", Map.of("tenant", tenant)).get("now").toString());
    }

    /** Stops the clock. */
    public Instant freeze() {
        return change(Map.of("freeze", true));
    }

    /** Stops the clock at a time. */
    public Instant freeze(Instant at) {
        return change(Map.of("freeze", true, "time", at));
    }

    /** Lets a frozen clock run on. */
    public Instant release() {
        return change(Map.of("freeze", false));
    }

    /** Sets the clock to a time, also an earlier one. */
    public Instant set(Instant to) {
        return change(Map.of("time", to));
    }

    /** Moves the clock forward. Webhooks that fall due on the way are sent, in their order, before this returns. */
    public Instant advance(Duration by) {
        return change(Map.of("advanceMilliseconds", by.toMillis()));
    }

    private Instant change(Map<String, ?> change) {
        Map<String, Object> body = new LinkedHashMap<>(change);
        body.put("tenant", tenant);
        return Instant.parse(control.call("POST", "/_mock/clock", Json.write(body)).get("now").toString());
    }
}
