package stepup.mock;

import java.time.Instant;
import java.util.Map;

/** A request that the mock has answered. */
public final class Request {
    private final Map<String, Object> members;

    Request(Map<String, Object> members) {
        this.members = members;
    }

    /** Running number in the journal. */
    public long number() {
        return ((Number) members.get("number")).longValue();
    }

    /** Method, such as {@code POST}. */
    public String method() {
        return members.get("method").toString();
    }

    /** Path and query, without secrets. */
    public String target() {
        return members.get("target").toString();
    }

    /** Status of the answer. */
    public int status() {
        return ((Number) members.get("status")).intValue();
    }

    /** The operation in the specs, such as {@code track}, or null if none has this path. */
    public String operation() {
        return (String) members.get("operation");
    }

    /** Why the mock refused the request, or null. */
    public String reason() {
        return (String) members.get("reason");
    }

    /** What is wrong with the request, although the mock did not refuse it, or null. */
    public String warning() {
        return (String) members.get("warning");
    }

    /** When it arrived, on the tenant's clock. */
    public Instant at() {
        return Instant.parse(members.get("at").toString());
    }

    boolean belongsToNobody() {
        return members.get("tenant") == null;
    }

    @Override
    public String toString() {
        return status() + " " + method() + " " + target() + " (" + (operation() == null ? "no operation" : operation()) + ")"
            + (reason() == null ? "" : "\n      refused: " + reason())
            + (warning() == null ? "" : "\n      warning: " + warning());
    }
}
