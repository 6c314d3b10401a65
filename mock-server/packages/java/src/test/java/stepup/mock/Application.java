package stepup.mock;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;

/** What an application and its user's browser send. The vendor's Java SDK is in no registry that every machine reaches. */
final class Application {
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private final Tenant tenant;

    Application(Tenant tenant) {
        this.tenant = tenant;
    }

    /** Calls the Server API, as {@code AuthsignalClient} does. */
    Map<String, Object> server(String path, Map<String, ?> body) {
        return post(tenant.apiUrl() + path, basic(tenant.apiSecretKey()), body);
    }

    /** Calls the Client API with the token of an action, as the hosted page does. */
    Map<String, Object> page(String token, String path, Map<String, ?> body) {
        return post(tenant.apiUrl() + "/client" + path, "Bearer " + token, body);
    }

    /** A user with an email address, and the token of an action that asks for its challenge. */
    String challenged(String user, String email) {
        server("/users/" + user + "/authenticators", Map.of("verificationMethod", "EMAIL_OTP", "email", email));
        Map<String, Object> tracked = server("/users/" + user + "/actions/pay", Map.of());
        if (!"CHALLENGE_REQUIRED".equals(tracked.get("state"))) {
            throw new AssertionError(tracked);
        }
        return tracked.get("token").toString();
    }

    boolean validates(String token) {
        return Boolean.TRUE.equals(server("/validate", Map.of("token", token)).get("isValid"));
    }

    static String basic(String secret) {
        return "Basic " + Base64.getEncoder().encodeToString((secret + ":").getBytes(StandardCharsets.UTF_8));
    }

    static Map<String, Object> post(String url, String authorization, Map<String, ?> body) {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url))
            .header("Authorization", authorization)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(Json.write(body)))
            .build();
        try {
            return Control.object(Json.read(CLIENT.send(request, BodyHandlers.ofString()).body()));
        } catch (IOException | InterruptedException error) {
            throw new AssertionError(error);
        }
    }
}
