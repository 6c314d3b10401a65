package stepup.mock;

import java.time.Instant;
import java.util.Map;

/** A message that the mock would have sent to a person. */
public final class Message {
    private final Map<String, Object> members;

    Message(Map<String, Object> members) {
        this.members = members;
    }

    /** {@code sms}, {@code email} or {@code whatsapp}. */
    public String channel() {
        return members.get("channel").toString();
    }

    /** Phone number or address. */
    public String to() {
        return members.get("to").toString();
    }

    /** The whole text. */
    public String text() {
        return members.get("text").toString();
    }

    /** The code in it, or null. */
    public String code() {
        return (String) members.get("code");
    }

    /** The link in it, or null. */
    public String url() {
        return (String) members.get("url");
    }

    /** When the mock sent it, on the tenant's clock. */
    public Instant createdAt() {
        return Instant.parse(members.get("createdAt").toString());
    }

    String id() {
        return members.get("id").toString();
    }

    long number() {
        return Long.parseLong(id().substring(id().lastIndexOf(':') + 1));
    }

    @Override
    public String toString() {
        return channel() + " to " + to() + ": " + text();
    }
}
