import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.jena.riot.RDFDataMgr;
import org.apache.jena.riot.RDFFormat;
import org.apache.jena.shacl.ShaclValidator;
import org.apache.jena.shacl.Shapes;
import org.apache.jena.shacl.ValidationReport;

/** Judges every *.nt of the folder args[1] by the shapes in the file args[0]; writes each report beside its case, as *.report. */
public class JenaShacl {
    public static void main(String[] args) throws Exception {
        Shapes shapes = Shapes.parse(RDFDataMgr.loadGraph(args[0]));
        List<Path> cases;
        try (Stream<Path> files = Files.list(Path.of(args[1]))) {
            cases = files.filter(file -> file.toString().endsWith(".nt")).toList();
        }
        for (Path file : cases) {
            ValidationReport report = ShaclValidator.get().validate(shapes, RDFDataMgr.loadGraph(file.toString()));
            try (OutputStream out = Files.newOutputStream(file.resolveSibling(file.getFileName() + ".report"))) {
                RDFDataMgr.write(out, report.getGraph(), RDFFormat.NTRIPLES);
            }
        }
    }
}
