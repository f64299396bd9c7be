if (pictures.length) restore();
if (!document.hidden) connect();
