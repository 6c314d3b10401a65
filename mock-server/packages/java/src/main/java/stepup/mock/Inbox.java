package stepup.mock;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** The messages of a tenant. */
public final class Inbox {
    /** How many messages one call lists at most. */
    private static final int LISTED = 1000;
    /** How long one call waits at most; then it is sent again. */
    private static final long WAIT_AT_ONCE = 30_000;

    private final Control control;
    private final String tenant;
    /** The newest message to each address that waitFor has returned. */
    private final Map<String, Long> read = new HashMap<>();

    Inbox(Control control, String tenant) {
        this.control = control;
        this.tenant = tenant;
    }

    /** The messages, newest first. */
    public List<Message> messages() {
        return messages(null);
    }

    /** The messages to an address or phone number, newest first. */
    public List<Message> messages(String to) {
        return list(to, Map.of());
    }

    /** The newest message to an address or phone number. If there is none yet, waits for 10 s. */
    public Message waitFor(String to) {
        return waitFor(to, Duration.ofSeconds(10));
    }

    /**
     * The newest message to an address or phone number, or to anybody if that is null. If there is none yet, waits for it.
     * Each message is returned once: after a second challenge, this waits for the second code.
     */
    public synchronized Message waitFor(String to, Duration timeout) {
        long end = System.nanoTime() + timeout.toNanos();
        List<Message> listed = messages(to);
        while (true) {
            Optional<Message> newest = listed.stream().filter(one -> !isRead(one)).findFirst();
            if (newest.isPresent()) {
                read.put(address(newest.get()), newest.get().number());
                return newest.get();
            }
            long left = (end - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                throw new AssertionError(nothingCame(to, timeout));
            }
            // The mock answers as soon as there is one.
            Map<String, Object> query = new HashMap<>(Map.of("wait", Math.min(left, WAIT_AT_ONCE) + "ms"));
            if (!listed.isEmpty()) {
                query.put("after", listed.get(0).id());
            }
            List<Message> came = list(to, query);
            listed = came.isEmpty() ? listed : came;
        }
    }

    private List<Message> list(String to, Map<String, ?> more) {
        Map<String, Object> query = new HashMap<>(more);
        query.put("tenant", tenant);
        query.put("limit", LISTED);
        query.put("to", to);
        Map<String, Object> answer = control.get("/_mock/messages", query);
        List<Map<String, Object>> listed = Control.objects(answer, "messages");
        if (listed.isEmpty() && Boolean.TRUE.equals(answer.get("stopped"))) {
            throw new MockException("the mock stopped while the test waited for a message");
        }
        return listed.stream().map(Message::new).collect(Collectors.toList());
    }

    private String nothingCame(String to, Duration timeout) {
        String said = "no message" + (to == null ? "" : " to " + to) + " came within " + timeout.toMillis() + " ms.";
        List<Message> there = messages();
        if (there.isEmpty()) {
            return said + " The inbox of this test is empty. track sends no code: the hosted page does, or the application by"
                + " /v1/client/challenge/... or /v1/challenge. See the journal.";
        }
        return there.stream().limit(20).map(one -> "\n  " + one + mark(one))
            .collect(Collectors.joining("", said + "\nThe inbox of this test has, newest first:", ""));
    }

    private String mark(Message message) {
        return isRead(message) ? "  (read before; messages() shows it again)" : "";
    }

    private boolean isRead(Message message) {
        return message.number() <= read.getOrDefault(address(message), 0L);
    }

    private static String address(Message message) {
        return message.to().toLowerCase(Locale.ROOT);
    }
}
