package stepup.mock;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A tenant: what an application is pointed at, and what a test sees and moves. */
public final class Tenant implements AutoCloseable {
    private final Control control;
    private final String id;
    private final Map<String, Object> authsignal;
    private final Map<String, Object> activeconnect;
    private final TenantClock clock;
    private final Inbox inbox;
    private final Journal journal;

    Tenant(Control control, Map<String, Object> created) {
        this.control = control;
        this.id = created.get("id").toString();
        this.authsignal = Control.object(created.get("authsignal"));
        this.activeconnect = Control.object(created.get("activeconnect"));
        this.clock = new TenantClock(control, id);
        this.inbox = new Inbox(control, id);
        this.journal = new Journal(control, id);
    }

    /** Its name in the control API. */
    public String id() {
        return id;
    }

    /** The mock's URL. Activeconnect's and IAMPASS's clients take it as their server. */
    public String url() {
        return control.url;
    }

    /** Base URL of Authsignal's APIs: the second argument of the Java SDK's {@code AuthsignalClient}. */
    public String apiUrl() {
        return control.url + "/v1";
    }

    /** Secret of Authsignal's Server API: the first argument of the Java SDK's {@code AuthsignalClient}. */
    public String apiSecretKey() {
        return authsignal.get("secretKey").toString();
    }

    /** Id of the Authsignal tenant, for browsers and apps. */
    public String tenantId() {
        return authsignal.get("tenantId").toString();
    }

    /** Secret of Authsignal's Management API. */
    public String managementSecretKey() {
        return authsignal.get("managementSecretKey").toString();
    }

    /** Secret of the tenant's terminals. */
    public String terminalSecretKey() {
        return authsignal.get("terminalSecretKey").toString();
    }

    /** Id of Activeconnect's or IAMPASS's application. */
    public String applicationId() {
        return activeconnect.get("applicationId").toString();
    }

    /** Secret of Activeconnect's or IAMPASS's application. */
    public String applicationSecret() {
        return activeconnect.get("applicationSecret").toString();
    }

    /** The tenant's clock. */
    public TenantClock clock() {
        return clock;
    }

    /** The messages that the mock would have sent. */
    public Inbox inbox() {
        return inbox;
    }

    /** The requests that the mock has answered. */
    public Journal journal() {
        return journal;
    }

    /** Passes the challenge of the user's newest action that waits for one. */
    public void succeedChallenge(String userId) {
        challenge("succeed", userId);
    }

    /** Fails the challenge of the user's newest action that waits for one. */
    public void failChallenge(String userId) {
        challenge("fail", userId);
    }

    private void challenge(String end, String userId) {
        control("POST", "/_mock/challenge/" + end, Map.of("userId", userId));
    }

    /** Opens a registration link of Activeconnect or IAMPASS on the simulated phone of its user. */
    public void registerPhone(String link) {
        control("POST", "/_mock/phone/register", Map.of("link", link));
    }

    /** Approves the user's newest request of Activeconnect or IAMPASS, on the simulated phone. */
    public void approveOnPhone(String userId) {
        control("POST", "/_mock/phone/approve", Map.of("userId", userId));
    }

    /** Denies the user's newest request of Activeconnect or IAMPASS, on the simulated phone. */
    public void denyOnPhone(String userId) {
        control("POST", "/_mock/phone/deny", Map.of("userId", userId));
    }

    /**
     * Plans what goes wrong with the tenant's next requests, such as {@code faults(Map.of("operation", "track", "status", 503))}.
     * The faults replace those that are planned; none at all takes them back. The control API lists what a fault can be.
     */
    public void faults(Map<?, ?>... faults) {
        control("POST", "/_mock/faults", Map.of("faults", List.of(faults)));
    }

    /**
     * Plans what happens next in the tenant, such as {@code scenarios(Map.of("userId", "ada", "outcome", "BLOCK"))}. The
     * scenarios replace those that are planned; none at all takes them back. The control API lists what a scenario can be.
     */
    public void scenarios(Map<?, ?>... scenarios) {
        control("POST", "/_mock/scenarios", Map.of("scenarios", List.of(scenarios)));
    }

    /**
     * Checks which requests the tenant got, such as
     * {@code verify(Map.of("pattern", Map.of("operation", "track"), "exactly", 1))}. Other tenants' requests do not count.
     *
     * @throws AssertionError if it is not so, with the nearest request and how it differs
     */
    public void verify(Map<?, ?>... expected) {
        Map<String, Object> checked = control("POST", "/_mock/verify", Map.of("expected", List.of(expected)));
        if (!Boolean.TRUE.equals(checked.get("verified"))) {
            throw new AssertionError(checked.get("text"));
        }
    }

    /**
     * Sets where the tenant's events go, such as {@code webhooks(Map.of("url", url, "events", List.of("email.created")))}.
     * Without events, all go there. The webhooks replace those of before; none at all ends them.
     */
    public void webhooks(Map<?, ?>... webhooks) {
        control("POST", "/_mock/webhooks", Map.of("webhooks", List.of(webhooks)));
    }

    /** The events that the mock has sent or will send, newest first. */
    public List<Map<String, Object>> deliveries() {
        return Control.objects(control("/_mock/webhooks/deliveries"), "deliveries");
    }

    /**
     * The same events, when every one that is due has been sent. Many are sent after the answer to the application, so
     * {@link #deliveries} may come before them.
     */
    public List<Map<String, Object>> settledDeliveries() {
        return Control.objects(control("/_mock/webhooks/deliveries?settled=true"), "deliveries");
    }

    /** What the control API answers to a GET about this tenant, such as {@code control("/_mock/actions?userId=ada")}. */
    public Map<String, Object> control(String path) {
        return control.get(Control.takesTenant("GET", plain(path)) ? Control.with(path, Map.of("tenant", id)) : path, Map.of());
    }

    /**
     * Calls any operation of the control API about this tenant. The call names the tenant where the operation takes one and the
     * body names none.
     */
    public Map<String, Object> control(String method, String path, Map<String, ?> body) {
        return control.call(method, path, Json.write(named(method, plain(path), body)));
    }

    private Map<String, Object> named(String method, String path, Map<String, ?> body) {
        Map<String, Object> named = new LinkedHashMap<>(body);
        if (path.equals("/_mock/authsignal")) {
            // Its `tenant` has the settings of the tenant.
            named.putIfAbsent("tenantId", tenantId());
        } else if (Control.takesTenant(method, path) && !body.containsKey("tenantId") && !body.containsKey("applicationId")) {
            named.putIfAbsent("tenant", id);
        }
        return named;
    }

    private static String plain(String path) {
        return path.split("\\?", 2)[0];
    }

    /** Removes the tenant from the mock. */
    @Override
    public void close() {
        try {
            control.call("DELETE", "/_mock/tenants/" + id, null);
        } catch (MockException error) {
            // Somebody has done so before.
            if (error.status() != 404) {
                throw error;
            }
        }
    }

    @Override
    public String toString() {
        return "tenant " + id + " of " + url();
    }
}
