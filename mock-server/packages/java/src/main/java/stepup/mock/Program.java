package stepup.mock;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

/** The program {@code stepup-mock} as a child of this process. */
final class Program {
    /** Seconds that the program may take to listen, and to end. It gives open requests 5. */
    private static final long START = 60;
    private static final long STOP = 10;

    private static final String NOT_FOUND = "stepup-mock is not on the PATH. Do one of these:\n"
        + "  - install it: cargo install --path mock-server (in the repository of stepup)\n"
        + "  - name the program: export STEPUP_MOCK=/path/to/stepup-mock\n"
        + "  - name a mock that runs: export STEPUP_MOCK_URL=http://127.0.0.1:4750";

    /**
     * Credentials of the tenant that each mock begins with. An application that has kept the documented ones is refused, so it
     * cannot meet other tests in that tenant unseen.
     */
    private static final Map<String, String> OF_NO_TEST = Map.of(
        "STEPUP_AUTHSIGNAL_SECRET", "this-secret-belongs-to-no-test-0123456789",
        "STEPUP_APPLICATION_ID", "of-no-test",
        "STEPUP_APPLICATION_SECRET", "this-secret-belongs-to-no-test");

    private final String path;
    private final Path log;
    private final Process process;

    Program(String named) {
        path = path(named);
        List<String> command = new ArrayList<>(List.of(path, "--listen", "127.0.0.1:0", "--ready-json"));
        // With its stdin, which ends with this process in any case, the mock ends too.
        command.add("--stop-with-stdin");
        if (System.getenv("STEPUP_LOG") == null) {
            command.addAll(List.of("--log", "warn"));
        }
        try {
            log = Files.createTempFile("stepup-mock-", ".log");
            ProcessBuilder builder = new ProcessBuilder(command).redirectError(log.toFile());
            OF_NO_TEST.forEach(builder.environment()::putIfAbsent);
            process = builder.start();
        } catch (IOException error) {
            throw new MockException("cannot start " + path + ": " + error.getMessage(), 0, error);
        }
    }

    private static String path(String named) {
        if (named != null && !named.isEmpty()) {
            if (!new File(named).canExecute()) {
                throw new MockException("STEPUP_MOCK is " + named + ", and no program is there");
            }
            return named;
        }
        String name = File.separatorChar == '\\' ? "stepup-mock.exe" : "stepup-mock";
        for (String folder : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator)) {
            File file = new File(folder, name);
            if (file.canExecute()) {
                return file.getPath();
            }
        }
        throw new MockException(NOT_FOUND);
    }

    /** The URL from the first line that the program prints. */
    String url() {
        BufferedReader out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        CompletableFuture<String> line = CompletableFuture.supplyAsync(() -> {
            try {
                return out.readLine();
            } catch (IOException error) {
                return null;
            }
        });
        try {
            return Control.object(Json.read(line.get(START, TimeUnit.SECONDS))).get("url").toString();
        } catch (TimeoutException late) {
            throw new MockException(path + " did not listen within " + START + " s:\n" + endOfLog());
        } catch (InterruptedException | ExecutionException | RuntimeException error) {
            throw new MockException(path + " did not start:\n" + endOfLog(), 0, error);
        }
    }

    /** Why the mock does not answer. Connections break a little before this process hears of the end. */
    String whyUnreachable() {
        String ended = "The mock has stopped.";
        try {
            if (process.waitFor(1, TimeUnit.SECONDS)) {
                ended = path + " has ended with exit code " + process.exitValue() + ".";
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        return ended + " The end of its log:\n" + endOfLog();
    }

    void stop() {
        process.destroy();
        try {
            if (!process.waitFor(STOP, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
            Files.deleteIfExists(log);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        } catch (IOException stays) {
            // A temporary file that stays harms nobody.
        }
    }

    long pid() {
        return process.pid();
    }

    private String endOfLog() {
        String text;
        try {
            text = Files.readString(log);
        } catch (IOException gone) {
            return "  (it is gone)";
        }
        // What the mock prints when it starts ends with this line, and says nothing about its end.
        int started = text.lastIndexOf("\nListens: ");
        List<String> lines = text.substring(started + 1).lines().skip(started < 0 ? 0 : 1).collect(Collectors.toList());
        List<String> last = lines.subList(Math.max(0, lines.size() - 20), lines.size());
        return last.isEmpty() ? "  (it is empty)" : last.stream().map(line -> "  " + line).collect(Collectors.joining("\n"));
    }
}
