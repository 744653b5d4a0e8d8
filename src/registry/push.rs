//! A push: what is there is not sent again, what breaks off goes on where it stopped.

use std::{
    fs,
    io::{self, Read as _, Seek as _, SeekFrom},
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};

use super::{
    ImageError,
    client::{Client, RegistryError, Upload},
    hashing::Hashing,
    image::{Descriptor, Image},
};

/// How many bytes go with one call. ECR's own API takes parts of at most 10 MiB (ECR API reference,
/// UploadLayerPart); its registry is not known to want less.
const PART: u64 = 10 * 1024 * 1024;
/// How many blobs are sent at once.
const WORKERS: usize = 4;
/// How often a call is tried again before the push ends, if nothing at all gets through.
const TRIES: u32 = 6;
/// The pause before the first further try; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(250);

/// Who is told how it goes. `blob` is the number of a blob in [`Image::blobs`].
pub trait Progress: Sync {
    /// It was there.
    fn skipped(&self, blob: usize);
    /// So many bytes of it are there by now.
    fn reached(&self, blob: usize, offset: u64);
    /// It is there.
    fn done(&self, blob: usize);
    /// It did not go well, and is tried again.
    fn again(&self, why: &str);
}

/// What a push came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pushed {
    /// How many blobs were sent.
    pub sent: usize,
    /// How many were there.
    pub skipped: usize,
    /// How many bytes were sent, those included that had to be sent twice.
    pub bytes: u64,
    /// Whether the tag named this very image before.
    pub same: bool,
}

/// Pushes an image under a tag.
pub fn push(
    client: &Client,
    (image, tag): (&Image, &str),
    progress: &dyn Progress,
) -> Result<Pushed, (Pushed, PushError)> {
    let all = image.blobs();
    let pushed = Mutex::new(Pushed::default());
    let there = again(progress, || client.manifest(tag));
    let there = there.map_err(|error| (Pushed::default(), error))?;
    if there.as_deref() == Some(image.digest().as_str()) {
        return Ok(Pushed { skipped: all.len(), same: true, ..Pushed::default() });
    }
    let next = Mutex::new(all.iter().enumerate());
    let failed: Mutex<Option<PushError>> = Mutex::new(None);
    let work = || {
        while lock(&failed).is_none() {
            // Bound first: the lock must not be held while a blob is sent.
            let Some((number, blob)) = lock(&next).next() else { return };
            let job = PushJob { client, image, progress, number, blob };
            if let Err(error) = job.send(&pushed) {
                lock(&failed).get_or_insert(error);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..WORKERS.min(all.len()) {
            scope.spawn(work);
        }
    });
    let pushed = pushed.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err((pushed, error));
    }
    let manifest = (image.media_type.as_str(), image.bytes.as_slice());
    let put = again(progress, || client.put_manifest(tag, manifest));
    put.map(|()| pushed).map_err(|error| (pushed, error))
}

/// Why a push ended.
#[derive(Debug)]
pub enum PushError {
    /// The image's own side.
    Image(ImageError),
    /// The registry's.
    Registry(RegistryError),
}

impl From<RegistryError> for PushError {
    fn from(trouble: RegistryError) -> Self {
        Self::Registry(trouble)
    }
}

impl From<ImageError> for PushError {
    fn from(error: ImageError) -> Self {
        Self::Image(error)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One blob on its way.
struct PushJob<'a> {
    client: &'a Client,
    image: &'a Image,
    progress: &'a dyn Progress,
    number: usize,
    blob: &'a Descriptor,
}

impl PushJob<'_> {
    fn send(&self, pushed: &Mutex<Pushed>) -> Result<(), PushError> {
        if again(self.progress, || self.client.has(&self.blob.digest))? {
            self.progress.skipped(self.number);
            lock(pushed).skipped += 1;
            return Ok(());
        }
        let mut file = self.verified()?;
        let mut upload = again(self.progress, || self.client.begin())?;
        let mut tries = 0;
        loop {
            match self.step(&mut file, &upload)? {
                Ok(Some((next, bytes))) => {
                    upload = next;
                    tries = 0;
                    lock(pushed).bytes += bytes;
                    self.progress.reached(self.number, upload.offset);
                }
                Ok(None) => break,
                Err(trouble) => {
                    upload = self.resume(&upload, trouble, &mut tries)?;
                    self.progress.reached(self.number, upload.offset);
                }
            }
        }
        lock(pushed).sent += 1;
        self.progress.done(self.number);
        Ok(())
    }

    /// The next part, or the end.
    fn step(
        &self,
        file: &mut fs::File,
        upload: &Upload,
    ) -> Result<Result<Option<(Upload, u64)>, RegistryError>, ImageError> {
        if upload.offset >= self.blob.size {
            return Ok(self.client.finish(upload, &self.blob.digest).map(|()| None));
        }
        let failed = |error| ImageError::file(self.image.path(&self.blob.digest), error);
        file.seek(SeekFrom::Start(upload.offset)).map_err(failed)?;
        let mut bytes = Vec::new();
        let part = PART.max(upload.part_min);
        file.take(part).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.is_empty() {
            let kind = io::ErrorKind::UnexpectedEof;
            return Err(failed(io::Error::new(kind, "it has become shorter meanwhile")));
        }
        let sent = self.client.part(upload, &bytes);
        Ok(sent.map(|next| Some((next, bytes.len() as u64))))
    }

    /// Where to go on after a call that failed: where the registry says, or from the start.
    fn resume(
        &self,
        upload: &Upload,
        trouble: RegistryError,
        tries: &mut u32,
    ) -> Result<Upload, PushError> {
        let (RegistryError::Passing(why) | RegistryError::Lost(why)) = &trouble else {
            return Err(trouble.into());
        };
        *tries += 1;
        if *tries >= TRIES {
            return Err(trouble.into());
        }
        self.progress.again(why);
        pause(*tries);
        match self.client.status(upload) {
            Ok(upload) => Ok(upload),
            Err(RegistryError::Lost(_) | RegistryError::Refused(404..=405 | 416, _)) => {
                Ok(again(self.progress, || self.client.begin())?)
            }
            Err(RegistryError::Passing(_)) => Ok(upload.clone()),
            Err(refused) => Err(refused.into()),
        }
    }

    /// The file, whose bytes have been compared with the digest.
    fn verified(&self) -> Result<fs::File, ImageError> {
        let Descriptor { digest, size, .. } = self.blob;
        let failed = |error| ImageError::file(self.image.path(digest), error);
        let mut file = self.image.open(digest)?;
        let mut hash = Hashing::new(io::sink());
        io::copy(&mut file, &mut hash).map_err(failed)?;
        if hash.end() != (digest.clone(), *size) {
            let path = self.image.path(digest);
            return Err(ImageError::Unfit(format!(
                "{}: its bytes are not those of {digest}; build the image again",
                path.display()
            )));
        }
        Ok(file)
    }
}

/// A call, and again if it may go well another time.
fn again<T>(
    progress: &dyn Progress,
    call: impl Fn() -> Result<T, RegistryError>,
) -> Result<T, PushError> {
    let mut tries = 0;
    loop {
        match call() {
            Err(RegistryError::Passing(why)) if tries + 1 < TRIES => {
                tries += 1;
                progress.again(&why);
                pause(tries);
            }
            done => return Ok(done?),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a push has threads of its own")]
fn pause(tries: u32) {
    thread::sleep(PAUSE.saturating_mul(1 << tries.min(6)));
}
