import com.marcnuri.helm.Helm;
import java.nio.file.Path;

/** Renders the chart of the first argument once for each further argument, a file with values. */
public class RenderChart {
    public static void main(String[] arguments) {
        for (int index = 1; index < arguments.length; index++) {
            System.out.println("# values: " + arguments[index]);
            System.out.println(render(Path.of(arguments[0]), Path.of(arguments[index])));
        }
    }

    private static String render(Path chart, Path values) {
        try {
            var template = new Helm(chart).template().withName("release").withNamespace("shop");
            return template.withValuesFile(values).call();
        } catch (RuntimeException error) {
            return "# refused: " + error.getMessage().replace("\n", "\n# ");
        }
    }
}
