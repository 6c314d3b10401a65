package stepup.mock;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The requests of a tenant. */
public final class Journal {
    /** How many requests one call lists at most. */
    private static final int LISTED = 1000;
    /** How many requests a failing test shows, and how much of a body. */
    private static final int SHOWN = 20;
    private static final int SHOWN_OF_BODY = 1000;

    private final Control control;
    private final String tenant;
    private final long created = System.nanoTime();

    Journal(Control control, String tenant) {
        this.control = control;
        this.tenant = tenant;
    }

    /** The requests, oldest first. */
    public List<Request> requests() {
        return list(Map.of("tenant", tenant));
    }

    /** A request with its bodies, as {@code GET /_mock/journal/{number}} shows it. */
    public Map<String, Object> bodies(long number) {
        return control.get("/_mock/journal/" + number, Map.of());
    }

    /** The journal as a failing test shows it: the newest requests with their bodies, oldest first. */
    public String text() {
        List<Request> requests = requests();
        List<String> lines = new ArrayList<>();
        int earlier = Math.max(0, requests.size() - SHOWN);
        if (earlier > 0) {
            lines.add("  (" + earlier + " earlier requests)");
        }
        requests.subList(earlier, requests.size()).forEach(one -> show(one, lines));
        if (requests.isEmpty()) {
            lines.add("  The mock got no request with the credentials of this test's tenant.");
        }
        unmet(lines);
        undelivered(lines);
        List<Request> strays = ofNobody();
        if (requests.isEmpty() && strays.isEmpty()) {
            lines.add("  If the application has called the vendor's SDK, that went to the vendor's live service: pass it apiUrl.");
        }
        if (!strays.isEmpty()) {
            lines.add("  Requests that belong to no tenant, from this test or from one beside it:");
            strays.forEach(one -> show(one, lines));
        }
        return String.join("\n", lines);
    }

    /** Shows the faults that have not applied as often as they were planned. */
    private void unmet(List<String> lines) {
        for (Map<String, Object> one : Control.objects(control.get("/_mock/faults", Map.of("tenant", tenant)), "tenants")) {
            for (Map<String, Object> fault : Control.objects(one, "faults")) {
                if (!fault.containsKey("always")) {
                    lines.add("  This fault is still planned: " + fault);
                }
            }
        }
    }

    /** Shows the newest webhooks that their receivers did not take. */
    private void undelivered(List<String> lines) {
        List<String> shown = new ArrayList<>();
        Map<String, Object> listed = control.get("/_mock/webhooks/deliveries", Map.of("tenant", tenant));
        for (Map<String, Object> one : Control.objects(listed, "deliveries")) {
            List<Map<String, Object>> attempts = Control.objects(one, "attempts");
            if (!"taken".equals(one.get("progress")) && !attempts.isEmpty() && shown.size() < SHOWN) {
                Map<String, Object> last = attempts.get(attempts.size() - 1);
                Object status = last.get("status");
                Object why = status == null ? last.getOrDefault("error", "gave no answer") : "answered " + status;
                shown.add("  webhook " + one.get("type") + " to " + one.get("target") + " (" + one.get("progress") + "): " + why);
            }
        }
        Collections.reverse(shown);
        lines.addAll(shown);
    }

    private void show(Request request, List<String> lines) {
        lines.add("  " + request);
        Map<String, Object> detail = bodies(request.number());
        for (String name : List.of("request", "answer")) {
            String text = Control.object(detail.get(name)).getOrDefault("text", "").toString();
            if (!text.isEmpty()) {
                String shown = text.length() <= SHOWN_OF_BODY ? text : text.substring(0, SHOWN_OF_BODY) + "…";
                lines.add("      " + name + ": " + shown);
            }
        }
    }

    /** The newest requests that belong to no tenant: those of an application with a wrong secret, for example. */
    private List<Request> ofNobody() {
        List<Request> strays = list(Map.of()).stream().filter(Request::belongsToNobody).collect(Collectors.toList());
        // On the mock's clock, which may not be the machine's.
        Instant now = Instant.parse(control.get("/_mock/clock", Map.of()).get("now").toString());
        Instant since = now.minusNanos(System.nanoTime() - created).minusMillis(1);
        List<Request> newest = strays.subList(Math.max(0, strays.size() - SHOWN), strays.size());
        return newest.stream().filter(one -> !one.at().isBefore(since)).collect(Collectors.toList());
    }

    private List<Request> list(Map<String, ?> query) {
        Map<String, Object> given = new HashMap<>(query);
        given.put("limit", LISTED);
        List<Request> listed = Control.objects(control.get("/_mock/journal", given), "requests").stream()
            .map(Request::new).collect(Collectors.toCollection(ArrayList::new));
        Collections.reverse(listed);
        return listed;
    }
}
