package stepup.mock;

import java.io.IOException;
import java.net.ProxySelector;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/** Calls of the mock's control API. */
final class Control {
    /** Moving a clock waits for receivers of webhooks for up to a minute. */
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    /** Operations that are about the whole mock, or about what their path names. All others take a tenant. */
    private static final Pattern TENANTLESS = Pattern.compile(
        "GET /_mock/(health|limits|metrics|events|specs(/.*)?|journal/\\d+)"
            + "|POST /_mock/(tenants|load|phone/register|passkey/(create|get))"
            + "|DELETE /_mock/(tenants|messages)/.+");

    /** What SDKs and people call the APIs of a mock by, each below the URL of the mock. */
    private static final Pattern API = Pattern.compile("/+(v1(/client|/management)?|_mock)$");

    // Without a proxy: the mock is on this machine or beside it.
    private final HttpClient client =
        HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).proxy(ProxySelector.of(null)).build();
    private final Supplier<String> whyUnreachable;
    final String url;

    Control(String url, Supplier<String> whyUnreachable) {
        if (!url.matches("https?://[^/].*")) {
            throw new MockException("\"" + url + "\" is no URL of a mock; it looks like http://127.0.0.1:4750");
        }
        this.url = url.replaceAll("/+$", "");
        if (API.matcher(this.url).find()) {
            String own = API.matcher(this.url).replaceFirst("");
            throw new MockException("\"" + url + "\" is the URL of an API of a mock; that of the mock itself is " + own);
        }
        this.whyUnreachable = whyUnreachable;
    }

    /** Whether an operation of the control API takes a tenant. */
    static boolean takesTenant(String method, String path) {
        return !TENANTLESS.matcher(method + " " + path).matches();
    }

    Map<String, Object> get(String path, Map<String, ?> query) {
        return call("GET", path + query(query), null);
    }

    Map<String, Object> call(String method, String target, String body) {
        HttpResponse<String> answer = exchange(method, target, body);
        Object read;
        try {
            read = Json.read(answer.body());
        } catch (MockException notJson) {
            throw new MockException(url + " is no stepup-mock: " + method + " " + target + " answered " + answer.statusCode());
        }
        Map<String, Object> members = object(read);
        if (answer.statusCode() / 100 == 2) {
            return members;
        }
        String message = members.getOrDefault("message", answer.body()).toString();
        throw new MockException(
            method + " " + target + " answered " + answer.statusCode() + ": " + message, answer.statusCode(), null);
    }

    private HttpResponse<String> exchange(String method, String target, String body) {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url + target))
            .timeout(PATIENCE)
            .header("Content-Type", "application/json")
            .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body))
            .build();
        try {
            return client.send(request, BodyHandlers.ofString());
        } catch (IOException error) {
            String reason = error.getClass().getSimpleName() + ": " + error.getMessage();
            throw new MockException("the mock at " + url + " does not answer (" + reason + ")\n" + whyUnreachable.get(), 0, error);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new MockException("interrupted while the mock answered", 0, interrupted);
        }
    }

    private static String query(Map<String, ?> query) {
        return joined(query, "?");
    }

    /** A path, which may have a query, with more in its query. */
    static String with(String path, Map<String, ?> query) {
        return path + joined(query, path.contains("?") ? "&" : "?");
    }

    private static String joined(Map<String, ?> query, String before) {
        StringJoiner joined = new StringJoiner("&", before, "").setEmptyValue("");
        query.forEach((name, value) -> {
            if (value != null) {
                joined.add(name + "=" + URLEncoder.encode(value.toString(), StandardCharsets.UTF_8));
            }
        });
        return joined.toString();
    }

    /** An answer as an object. */
    @SuppressWarnings("unchecked")
    static Map<String, Object> object(Object value) {
        return value instanceof Map ? (Map<String, Object>) value : Map.of();
    }

    /** A member that is a list of objects. */
    @SuppressWarnings("unchecked")
    static List<Map<String, Object>> objects(Map<String, Object> value, String member) {
        return (List<Map<String, Object>>) value.getOrDefault(member, List.of());
    }
}
